"""What a transaction leaves to be done once it is committed: people are told by the log, workflows are woken."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from activities.lead_workflows import EngineAway, LeadWorkflows

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Line:
    """A line for the log, in ids and words of our own. ``level`` is one of the standard library's."""

    event: str
    fields: Mapping[str, str]
    level: int = logging.INFO


@dataclass(frozen=True, slots=True)
class Aftermath:
    """``wake``: leads and runs whose workflows are to look again at what they may do."""

    lines: tuple[Line, ...] = ()
    wake: tuple[tuple[UUID, int], ...] = ()


NOTHING = Aftermath()


def tell(lines: Sequence[Line]) -> None:
    """Write the lines. Only after the commit: what was rolled back didn't happen."""
    for line in lines:
        log.log(line.level, line.event, **line.fields)


async def wake(workflows: LeadWorkflows, aftermath: Aftermath) -> None:
    """Wake whoever is to look again. What is lost here costs no call: both gates read the rows."""
    try:
        for lead_id, run in aftermath.wake:
            await workflows.wake(lead_id, run, "what a call came to")
    except EngineAway as error:
        log.warning("engine_away", error=str(error))


async def see_to(workflows: LeadWorkflows, aftermath: Aftermath) -> None:
    """Do all of it."""
    tell(aftermath.lines)
    await wake(workflows, aftermath)
