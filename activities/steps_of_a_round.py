"""Steps of which each is worth doing whatever becomes of the others."""

from collections.abc import Awaitable
from typing import TypeVar

import structlog

log = structlog.get_logger(__name__)

Answer = TypeVar("Answer")


class Steps:
    """One after the other. One that fails keeps none of the later ones from running, and fails the whole at its end."""

    def __init__(self) -> None:
        self._failures: list[Exception] = []

    async def take(self, name: str, step: Awaitable[Answer], *, otherwise: Answer) -> Answer:
        """What the step answers, or ``otherwise`` where it fails; it is logged then, by its name."""
        try:
            return await step
        except Exception as error:  # noqa: BLE001 - whatever it was, it is raised when the others have run
            log.warning("step_failed", step=name, error=type(error).__name__)
            self._failures.append(error)
            return otherwise

    def end(self) -> None:
        """Raise what the first failure was, if there was one."""
        if self._failures:
            raise self._failures[0]
