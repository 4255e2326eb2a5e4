# ruff: noqa: N818 - a name says what happened, as in the house's other error trees
"""A campaign's dispositions from the JSON form in which people write them.

A list, in which the first that holds is the call's::

    [
        {"name": "booked", "from": {"field": "appointment_at", "present": true}, "then": ["stop", "notify"],
         "success": true},
        {"name": "hot", "from": {"field": "interest", "equals": "high"}, "then": "notify", "success": true},
        {"name": "wrong_number", "from": [{"field": "wrong_number", "equals": true}], "then": "do_not_call"},
        {"name": "cold", "from": {"field": "interest", "one_of": ["low", "none"]}, "then": "stop"},
        {"name": "handed_over", "from": {"outcome": "transferred"}, "then": "stop", "success": true},
        {"name": "complaint", "then": ["do_not_call", "notify"]}
    ]

``name``: small letters, digits and underscores. ``from``: a condition or a list of which any one suffices; without it
the disposition is given only by hand or by the analysis field ``disposition``. ``then``: at most one of ``stop``,
``retry``, ``call_back`` and ``do_not_call``, and ``notify``, alone or in a list; without it the attempt's outcome
decides. ``success``: whether rates count it, false unless said.
"""

import re
from collections.abc import Sequence

from domain.dispositions import Condition, Disposition, FieldIs, FieldPresent, OutcomeIs, Then, Value
from domain.vocabulary import AttemptOutcome

MOST_DISPOSITIONS = 50
MOST_CONDITIONS = 20
LONGEST_VALUE = 200

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
_NOTIFY = "notify"
_EXAMPLE = '{"name": "booked", "from": {"field": "interest", "equals": "high"}, "then": "stop", "success": true}'
_CONDITIONS = (
    'give {"field": "interest", "equals": "high"}, {"field": "interest", "one_of": ["low", "none"]}, '
    '{"field": "appointment_at", "present": true} or {"outcome": "transferred"}'
)


class InvalidDispositions(ValueError):
    """This table can't be kept. The text is a sentence for the person who wrote it, and says what to give."""


def parse_dispositions(written: object) -> tuple[Disposition, ...]:
    """The table from its JSON form, which the module describes.

    Raises:
        InvalidDispositions: Anything but such a list of 1 to 50 dispositions with names of their own.
    """
    if not isinstance(written, list) or not written:
        raise InvalidDispositions(f"Give a list of dispositions: [{_EXAMPLE}].")
    if len(written) > MOST_DISPOSITIONS:
        raise InvalidDispositions(f"{len(written)} dispositions are too many; give {MOST_DISPOSITIONS} at most.")
    table = tuple(_disposition(row, f"Disposition {number}") for number, row in enumerate(written, 1))
    names = [row.name for row in table]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InvalidDispositions(f"There are two dispositions named {twice}; give each a name of its own.")
    return table


def written_dispositions(table: Sequence[Disposition]) -> list[dict[str, object]]:
    """The JSON form of a table; ``parse_dispositions`` reads it back as the same."""
    return [
        {
            "name": row.name,
            **({"from": [_written_condition(condition) for condition in row.conditions]} if row.conditions else {}),
            "then": [*([row.then.value] if row.then else []), *([_NOTIFY] if row.notify else [])],
            "success": row.success,
        }
        for row in table
    ]


def _disposition(written: object, which: str) -> Disposition:
    if not isinstance(written, dict) or not {"name"} <= written.keys() <= {"name", "from", "then", "success"}:
        raise InvalidDispositions(f"{which} needs `name` and may have `from`, `then` and `success`: {_EXAMPLE}.")
    name = written["name"]
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidDispositions(
            f"{which} needs a `name` of up to 40 small letters, digits and underscores, such as not_interested."
        )
    success = written.get("success", False)
    if not isinstance(success, bool):
        raise InvalidDispositions(f"{which} ({name}) needs `success` as true or false.")
    then, notify = _then(written.get("then", []), f"{which} ({name})")
    conditions = _conditions(written["from"], f"{which} ({name})") if "from" in written else ()
    return Disposition(name=name, conditions=conditions, then=then, notify=notify, success=success)


def _then(written: object, which: str) -> tuple[Then | None, bool]:
    given = written if isinstance(written, list) else [written]
    names = [name for name in given if isinstance(name, str) and name in {*Then, _NOTIFY}]
    if len(names) < len(given) or len(set(names)) < len(names):
        raise InvalidDispositions(f"{which} needs `then` as some of stop, retry, call_back, do_not_call and notify.")
    deeds = [Then(name) for name in names if name != _NOTIFY]
    if len(deeds) > 1:
        raise InvalidDispositions(
            f"{which} can't both {deeds[0]} and {deeds[1]}; give one of stop, retry, call_back and do_not_call."
        )
    return (deeds[0] if deeds else None), _NOTIFY in names


def _conditions(written: object, which: str) -> tuple[Condition, ...]:
    conditions = written if isinstance(written, list) else [written]
    if not 1 <= len(conditions) <= MOST_CONDITIONS:
        raise InvalidDispositions(f"{which} needs 1 to {MOST_CONDITIONS} conditions in `from`; leave it out for none.")
    return tuple(_condition(condition, which) for condition in conditions)


def _condition(written: object, which: str) -> Condition:
    match written:
        case {"outcome": str(outcome), **rest} if not rest:
            return OutcomeIs(_outcome(outcome, which))
        case {"field": str(field), "equals": value, **rest} if not rest and _is_field(field):
            return FieldIs(field, (_value(value, which),))
        case {"field": str(field), "one_of": [_, *_] as values, **rest} if not rest and _is_field(field):
            return FieldIs(field, _values(values, which))
        case {"field": str(field), "present": bool(present), **rest} if not rest and _is_field(field):
            return FieldPresent(field, present)
    raise InvalidDispositions(f"{which} has a condition in `from` that can't be read; {_CONDITIONS}.")


def _is_field(field: str) -> bool:
    return 0 < len(field) <= LONGEST_VALUE


def _values(values: Sequence[object], which: str) -> tuple[Value, ...]:
    if len(values) > MOST_CONDITIONS:
        raise InvalidDispositions(f"{which} has {len(values)} values in `one_of`; give {MOST_CONDITIONS} at most.")
    return tuple(_value(value, which) for value in values)


def _value(value: object, which: str) -> Value:
    if isinstance(value, str | bool | int | float) and len(str(value)) <= LONGEST_VALUE:
        return value
    raise InvalidDispositions(f"{which} compares with something that is no text, number, true or false (or too long).")


def _outcome(name: str, which: str) -> AttemptOutcome:
    if name in set(AttemptOutcome):
        return AttemptOutcome(name)
    raise InvalidDispositions(
        f"{which} names {name[:40]!r}, which is no outcome; give one of {', '.join(AttemptOutcome)}."
    )


def _written_condition(condition: Condition) -> dict[str, object]:
    match condition:
        case OutcomeIs():
            return {"outcome": condition.outcome.value}
        case FieldPresent():
            return {"field": condition.field, "present": condition.present}
        case FieldIs():
            return {"field": condition.field, "one_of": list(condition.values)}
