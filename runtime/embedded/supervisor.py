"""Starts parts in order, keeps them running and stops them in reverse."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from runtime.embedded.control_group import ControlGroup
from runtime.embedded.errors import StackError
from runtime.embedded.part import Part, Say
from runtime.embedded.part_runner import PartRunner
from runtime.embedded.process_records import ProcessRecords


class Supervisor:
    """The parts of one stack. What does not depend on each other starts, and stops, side by side.

    Use from one event loop in the main thread, while holding the lock of the home that ``records`` lies in, after the
    orphans of a killed predecessor have been ended.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        *,
        logs: Path,
        records: ProcessRecords,
        say: Say,
        group: ControlGroup | None = None,
    ) -> None:
        """``group``: which the parts share cores in; without one each has its own share of them."""
        self._runners = {part.name: PartRunner(part, logs, records, say, group) for part in parts}

    async def start(self) -> None:
        """Start every part and wait until all are ready.

        When it fails or is cancelled, call ``stop`` to end what has been started.

        Raises:
            StackError: A part failed; the first one that did.
        """
        ready = {name: asyncio.Event() for name in self._runners}
        try:
            async with asyncio.TaskGroup() as group:
                for runner in self._runners.values():
                    group.create_task(_start_in_turn(runner, ready))
        except ExceptionGroup as group_of_failures:
            # Not `except*`: before Python 3.11.4 what is raised in it comes out within a group of its own.
            failures = group_of_failures.subgroup(StackError)
            if failures is None:
                raise
            raise _first(failures) from None

    async def stop(self) -> None:
        """Stop every part after those that depend on it; none is started again meanwhile. Safe to repeat."""
        for runner in self._runners.values():
            runner.let_end()
        gone = {name: asyncio.Event() for name in self._runners}
        dependants = {
            name: [other.part.name for other in self._runners.values() if name in other.part.after]
            for name in self._runners
        }
        async with asyncio.TaskGroup() as group:
            for name, runner in self._runners.items():
                group.create_task(_stop_in_turn(runner, [gone[other] for other in dependants[name]], gone[name]))

    def kill(self) -> None:
        """End all at once, in no order; ``stop`` still has to be awaited."""
        for runner in self._runners.values():
            runner.kill()

    def pid(self, name: str) -> int | None:
        """The process of a part, None while it does not run.

        Raises:
            KeyError: There is no such part.
        """
        return self._runners[name].pid


async def _start_in_turn(runner: PartRunner, ready: dict[str, asyncio.Event]) -> None:
    for name in runner.part.after:
        await ready[name].wait()
    await runner.start()
    ready[runner.part.name].set()


async def _stop_in_turn(runner: PartRunner, dependants: Sequence[asyncio.Event], gone: asyncio.Event) -> None:
    for dependant in dependants:
        await dependant.wait()
    await runner.stop()
    gone.set()


def _first(failures: BaseExceptionGroup[StackError]) -> StackError:
    for failure in failures.exceptions:
        if isinstance(failure, BaseExceptionGroup):
            return _first(failure)
        return failure
    raise AssertionError("a group of exceptions is never empty")
