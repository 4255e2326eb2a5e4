"""What the run came to, in numbers and in one conversation."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from commands.demo.client import Json

LINES_OF_TALK = 6
LONGEST_LINE = 110


@dataclass(frozen=True, slots=True)
class Result:
    """What the API says of the leads of this run and of the calls to them."""

    leads: Sequence[Json]
    calls: Sequence[Json]

    @property
    def called(self) -> int:
        """How many leads had a call that may have rung."""
        return len({call["lead_id"] for call in self.calls if call["counts"] is not False})

    @property
    def reached(self) -> int:
        return sum(lead["outcome"] == "reached" for lead in self.leads)

    def by_lead_outcome(self) -> Mapping[str, int]:
        return Counter(str(lead["outcome"]) for lead in self.leads)

    def by_call_outcome(self) -> Mapping[str, int]:
        return Counter(str(call["outcome"]) for call in self.calls)

    def first_call_at(self) -> datetime | None:
        """When the first call was given its slot."""
        return min((datetime.fromisoformat(call["created_at"]) for call in self.calls), default=None)

    def best_call(self) -> Json | None:
        """The longest talk with a person; without one, any that was written down."""
        talks = [call for call in self.calls if call["transcript"]]
        return max(talks, key=lambda call: (call["outcome"] == "answered", len(call["transcript"])), default=None)


def number_lines(result: Result, *, refused: int) -> list[str]:
    """How many leads were called and reached, and by which outcomes."""
    lines = [
        f"Leads     {result.called} of {len(result.leads)} called, {result.reached} reached",
        f"Outcomes  {_counts(result.by_lead_outcome())}",
        f"Calls     {len(result.calls)}: {_counts(result.by_call_outcome())}",
    ]
    blocked = Counter(lead["blocked_reason"] for lead in result.leads if lead["blocked_reason"])
    if blocked.pop("do_not_call", 0):
        lines.append("Blocked   who asked not to be called again, in an earlier run, is not called again")
    if refused:
        lines.append(f"Refused   {refused} rows, named above")
    return lines


def talk_lines(call: Json) -> list[str]:
    """The beginning of a transcript."""
    spoken = [line.strip() for line in call["transcript"].splitlines() if line.strip()]
    shown = [line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 1] + "…" for line in spoken[:LINES_OF_TALK]]
    return shown + ["…"] * (len(spoken) > LINES_OF_TALK)


def _counts(counts: Mapping[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count} {name}" for name, count in ordered) or "none"
