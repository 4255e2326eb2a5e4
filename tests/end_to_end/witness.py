"""What the simulator's log and the attempts of the database say together: everything that must never have happened."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

Call = Mapping[str, Any]
"""One accepted call as the simulator shows it at ``/control/calls``; instants are milliseconds."""

ENDS_THE_LEAD = frozenset({"answer", "do_not_call", "invalid_number", "transferred"})
"""After a call of these scenarios nobody is called again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One row of the database, ``attempt_id`` and ``lead_id`` as text."""

    attempt_id: str
    lead_id: str
    number: int
    status: str
    outcome: str | None
    counts: bool | None
    call_id: str | None
    created_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Rules:
    """What campaign and pool allow: counted attempts a lead, the pause after each, calls live at once."""

    most_attempts: int
    pause_ms: int
    most_live: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """All calls in the order of acceptance, all attempts, how many calls were live at once, which faults struck."""

    calls: Sequence[Call]
    attempts: Sequence[Attempt]
    most_live: int
    faults: Mapping[str, int]

    @property
    def doubles(self) -> list[str]:
        """Attempts for which more than one call was accepted."""
        counted = Counter(attempt_of(call) for call in self.calls)
        return [f"attempt {attempt_id} was called {count} times" for attempt_id, count in counted.items() if count > 1]

    @property
    def repeats(self) -> int:
        """Requests that the provider recognised by their key and that made no call."""
        return sum(call["replays"] for call in self.calls)

    def violations(self, rules: Rules) -> list[str]:
        """One sentence for each thing that happened and must not have, once every lead is done."""
        return [
            *self.doubles,
            *_wrong_keys(self.calls),
            *_of_each_number(self.calls, lambda earlier, later: _too_soon(earlier, later, rules)),
            *_of_each_number(self.calls, _after_the_end),
            *_unlike_the_attempts(self.calls, self.attempts),
            *_open_attempts(self.attempts),
            *_too_many(self.attempts, rules),
            *_too_many_at_once(self.most_live, rules),
        ]


def attempt_of(call: Call) -> str:
    return str((call["metadata"] or {}).get("attempt_id"))


def _wrong_keys(calls: Iterable[Call]) -> list[str]:
    return [
        f"call {call['call_id']} of attempt {attempt_of(call)} came under the key {call['idempotency_key']}"
        for call in calls
        if call["idempotency_key"] != attempt_of(call)
    ]


def _of_each_number(calls: Iterable[Call], judge: Callable[[Call, Call], str | None]) -> list[str]:
    """What is wrong between any two calls to one number that follow each other."""
    by_number: defaultdict[str, list[Call]] = defaultdict(list)
    for call in calls:
        by_number[call["to_number"]].append(call)
    verdicts = (judge(earlier, later) for group in by_number.values() for earlier, later in pairwise(group))
    return [verdict for verdict in verdicts if verdict is not None]


def _too_soon(earlier: Call, later: Call, rules: Rules) -> str | None:
    if earlier["ended_ms"] is None or later["accepted_ms"] < earlier["ended_ms"]:
        return f"calls {earlier['call_id']} and {later['call_id']} to one number were live at once"
    pause_ms = later["accepted_ms"] - earlier["ended_ms"]
    if pause_ms < rules.pause_ms:
        return (
            f"call {later['call_id']} came {pause_ms} ms after the one before it ({earlier['scenario']}), not"
            f" {rules.pause_ms}"
        )
    return None


def _after_the_end(earlier: Call, later: Call) -> str | None:
    if earlier["scenario"] in ENDS_THE_LEAD:
        return (
            f"call {later['call_id']} came after {earlier['call_id']}, which settled the lead ({earlier['scenario']})"
        )
    return None


def _unlike_the_attempts(calls: Iterable[Call], attempts: Iterable[Attempt]) -> list[str]:
    """Calls that the database knows nothing of, or knows otherwise; attempts that count and never rang."""
    found: list[str] = []
    called = {attempt_of(call): call for call in calls}
    for attempt in attempts:
        call = called.pop(attempt.attempt_id, None)
        if call is None and attempt.counts:
            found.append(f"attempt {attempt.attempt_id} counts as {attempt.outcome}, and the provider took no call")
        if call is not None and attempt.counts is False:
            found.append(f"attempt {attempt.attempt_id} was closed as not rung, and the provider took a call")
        if call is not None and attempt.call_id != call["call_id"]:
            found.append(f"attempt {attempt.attempt_id} has the call {attempt.call_id}, not {call['call_id']}")
    return [*found, *(f"no attempt {attempt_id} is known, and it was called" for attempt_id in called)]


def _open_attempts(attempts: Iterable[Attempt]) -> list[str]:
    return [
        f"attempt {attempt.attempt_id} is still {attempt.status}" for attempt in attempts if attempt.status != "done"
    ]


def _too_many(attempts: Iterable[Attempt], rules: Rules) -> list[str]:
    counted = Counter(attempt.lead_id for attempt in attempts if attempt.counts)
    return [
        f"lead {lead_id} had {count} attempts, not {rules.most_attempts} at most"
        for lead_id, count in counted.items()
        if count > rules.most_attempts
    ]


def _too_many_at_once(most_live: int, rules: Rules) -> list[str]:
    if most_live <= rules.most_live:
        return []
    return [f"{most_live} calls were live at once, not {rules.most_live} at most"]
