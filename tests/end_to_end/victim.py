"""One part of a stack, taken out of the supervisor's hands: killed with SIGKILL and started again at once."""

from collections.abc import Mapping

from runtime.embedded.home import Home
from runtime.embedded.part import Part
from runtime.embedded.part_runner import PartRunner
from runtime.embedded.parts import make_parts
from runtime.embedded.plan import Plan
from runtime.embedded.process_records import ProcessRecords


class Without:
    """Composes a stack without one of its parts, which is kept as ``part``.

    The supervisor waits longer after each crash, up to 30 s: right for people, too slow for hundreds of kills.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self.part: Part | None = None

    def __call__(self, plan: Plan, environ: Mapping[str, str]) -> list[Part]:
        parts = make_parts(plan, environ)
        (self.part,) = (part for part in parts if part.name == self._name)
        return [part for part in parts if part.name != self._name]


class Victim:
    """Runs a part until it is killed. What it says about its deaths is of no interest."""

    def __init__(self, part: Part, home: Home) -> None:
        self._runner = PartRunner(part, home.logs, ProcessRecords(home.folder / "victim.json"), _unheard)

    async def start(self) -> None:
        """Start, and wait until it is ready.

        Raises:
            StackError: It ended or stayed unready.
        """
        await self._runner.start()

    async def kill(self) -> None:
        """SIGKILL, and wait until the process is gone. Safe to repeat."""
        self._runner.kill()
        await self._runner.stop()

    async def stop(self) -> None:
        """End it in order. Safe to repeat."""
        await self._runner.stop()


def victim_of(without: Without, plan: Plan) -> Victim:
    """The part that the started stack was composed without."""
    if without.part is None:
        msg = "the stack has not been composed yet"
        raise RuntimeError(msg)
    return Victim(without.part, plan.home)


def _unheard(line: str) -> None:
    del line
