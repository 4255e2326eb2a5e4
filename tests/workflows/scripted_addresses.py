"""What an address of a receiver makes of the tries to deliver an event, after a script."""

from collections.abc import Sequence

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.messages import EventTry


class Address:
    """Answers each try by the script, the last one again and again."""

    def __init__(self, script: Sequence[str]) -> None:
        self._script = list(script)
        self.tries: list[EventTry] = []

    @activity.defn(name="retry_event")
    async def retry_event(self, what: EventTry) -> str:
        self.tries.append(what)
        became = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        if became == "away":
            raise ApplicationError("the database is away")
        return became
