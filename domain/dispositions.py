"""What a call meant for the client: the campaign's own dispositions, and which of them is a call's.

A *disposition* is told from the custom fields that the call's analysis filled in and from the attempt's outcome. It
decides what comes after the call, and the ones that a campaign marks as a success are what every rate counts. Where
the outcome itself forbids further calls (``opted_out``), no disposition allows them again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from domain.vocabulary import AttemptOutcome

NAMING_FIELD = "disposition"
"""An analysis field in which the agent may name the disposition itself."""

Value = str | bool | int | float

_NOTHING = frozenset({"", "none", "null", "n/a", "na", "unknown", "false"})
_NOBODY_SPOKE = frozenset(
    {
        AttemptOutcome.VOICEMAIL,
        AttemptOutcome.NO_ANSWER,
        AttemptOutcome.BUSY,
        AttemptOutcome.DECLINED,
        AttemptOutcome.INVALID_NUMBER,
        AttemptOutcome.REFUSED,
    }
)


class Then(StrEnum):
    """What a disposition does to the lead."""

    STOP = "stop"
    """The lead is done."""
    RETRY = "retry"
    """The retry schedule goes on, although somebody was reached."""
    CALL_BACK = "call_back"
    """Called again at the promised time; without one that can be kept, by the retry schedule."""
    DO_NOT_CALL = "do_not_call"
    """The number is never called again by this organisation."""


@dataclass(frozen=True, slots=True)
class FieldIs:
    """An analysis field has one of these values, whatever its case; ``yes`` and ``true`` are true."""

    field: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class FieldPresent:
    """An analysis field says something (``present``), or nothing or a word for nothing (not ``present``)."""

    field: str
    present: bool = True


@dataclass(frozen=True, slots=True)
class OutcomeIs:
    outcome: AttemptOutcome


Condition = FieldIs | FieldPresent | OutcomeIs


@dataclass(frozen=True, slots=True, kw_only=True)
class Disposition:
    """``conditions``: any one suffices; without any it is given by name only. ``then``: ``None`` leaves the lead to
    the attempt's outcome. ``notify``: people are told."""

    name: str
    conditions: tuple[Condition, ...] = ()
    then: Then | None = None
    notify: bool = False
    success: bool = False


DEFAULT_DISPOSITIONS: tuple[Disposition, ...] = (
    Disposition(name="transferred", conditions=(OutcomeIs(AttemptOutcome.TRANSFERRED),), then=Then.STOP, success=True),
    # Whoever has the number now asked for nothing.
    Disposition(name="wrong_number", conditions=(FieldIs("wrong_number", (True,)),), then=Then.DO_NOT_CALL),
    Disposition(name="booked", conditions=(FieldPresent("appointment_at"),), then=Then.STOP, notify=True, success=True),
    Disposition(name="call_back", conditions=(OutcomeIs(AttemptOutcome.CALLBACK_REQUESTED),), then=Then.CALL_BACK),
    # Before what their interest says: they are called again, and people hear of them besides.
    Disposition(
        name="transfer_cancelled",
        conditions=(OutcomeIs(AttemptOutcome.TRANSFER_CANCELLED),),
        then=Then.RETRY,
        notify=True,
    ),
    Disposition(
        name="interested",
        conditions=(FieldIs("interest", ("high", "medium")),),
        then=Then.STOP,
        notify=True,
        success=True,
    ),
    Disposition(name="not_interested", conditions=(FieldIs("interest", ("low", "none")),), then=Then.STOP),
)


def disposition_of(
    custom_analysis: Mapping[str, Any] | None, outcome: AttemptOutcome, table: Sequence[Disposition]
) -> Disposition | None:
    """The disposition of a call: the one its analysis names, else the first of the table that holds, else none.

    A call in which nobody spoke (voicemail, busy, …) has only a disposition that asks for just that outcome, whatever
    the analysis of a machine's announcement says.
    """
    fields = fields_that_count(custom_analysis, outcome)
    named = disposition_named(fields.get(NAMING_FIELD), table)
    if named is not None:
        return named
    matching = (row for row in table if any(_holds(condition, fields, outcome) for condition in row.conditions))
    return next(matching, None)


def fields_that_count(custom_analysis: Mapping[str, Any] | None, outcome: AttemptOutcome) -> Mapping[str, Any]:
    """What the analysis filled in, or nothing for a call in which nobody spoke."""
    return {} if outcome in _NOBODY_SPOKE else custom_analysis or {}


def may_forbid(custom_analysis: Mapping[str, Any] | None, table: Sequence[Disposition]) -> bool:
    """Whether the call's disposition may forbid calling the number again, whatever outcome the call turns out to have.

    Asked before its row is locked, for the contact's lock comes first.
    """
    possible = (disposition_of(custom_analysis, outcome, table) for outcome in AttemptOutcome)
    return any(one is not None and one.then is Then.DO_NOT_CALL for one in possible)


def disposition_named(name: object, table: Sequence[Disposition]) -> Disposition | None:
    """The disposition that a person or the analysis names, in any case and with spaces for underscores."""
    if not isinstance(name, str):
        return None
    wanted = name.strip().casefold().replace(" ", "_").replace("-", "_")
    return next((row for row in table if row.name == wanted), None)


def is_success(name: str | None, table: Sequence[Disposition]) -> bool:
    """Whether the campaign counts a call of this disposition as a success; one it no longer knows is none."""
    row = disposition_named(name, table)
    return row is not None and row.success


def _holds(condition: Condition, fields: Mapping[str, Any], outcome: AttemptOutcome) -> bool:
    match condition:
        case OutcomeIs():
            return outcome is condition.outcome
        case FieldPresent():
            # A call without any analysis field proves nothing by lacking one.
            return bool(fields) and _says_something(fields.get(condition.field)) is condition.present
        case FieldIs():
            return any(_same(fields.get(condition.field), value) for value in condition.values)


def _says_something(value: object) -> bool:
    if isinstance(value, str):
        return value.strip().casefold() not in _NOTHING
    return value is not None and value is not False and value not in ([], {})


def _same(value: object, expected: Value) -> bool:
    if isinstance(expected, bool):
        return _truth(value) is expected
    if isinstance(expected, str):
        return isinstance(value, str) and value.strip().casefold() == expected.strip().casefold()
    return isinstance(value, int | float) and not isinstance(value, bool) and value == expected


def _truth(value: object) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "yes": True, "false": False, "no": False}.get(value.strip().casefold())
    return value if isinstance(value, bool) else None
