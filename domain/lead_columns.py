# ruff: noqa: N818 - a name says what happened, as in the house's other error trees
"""Which column of a file is which field of a lead: by what was said, else by its name."""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

CUSTOM = "custom_fields."
LEFT_OUT = ""
OWN_PREFIX = "leadline_"
"""Of columns that an export adds, such as the status: what they say is ours, and is never taken in."""

PHONE_NUMBER = "phone_number"
LONGEST_NAME = 200
MOST_COLUMNS = 500

# The names by which each field is known, the plainest first: of several columns it is the one whose name comes first.
_NAMES: Mapping[str, str] = MappingProxyType(
    {
        PHONE_NUMBER: "phone_number phonenumber phone phone_no telephone telephone_number tel mobile mobile_phone"
        " mobile_number cell cell_phone cellphone cell_number contact_number work_phone home_phone number telefon"
        " telefonnummer rufnummer handy",
        "name": "name full_name fullname contact_name lead_name customer_name contact",
        "first_name": "first_name firstname first given_name forename vorname",
        "last_name": "last_name lastname last surname family_name nachname",
        "external_id": "external_id externalid lead_id crm_id customer_id contact_id record_id id",
        "time_zone": "time_zone timezone tz",
        "region": "region",
        "postal_code": "postal_code postalcode zip_code zipcode zip postcode plz",
        "source": "source lead_source",
        "priority": "priority",
        "not_before": "not_before",
        "consent_basis": "consent_basis",
        "consent_text": "consent_text",
        "consent_source": "consent_source",
        "consent_given_at": "consent_given_at",
    }
)
FIELDS = frozenset(_NAMES)
_RANKED = {name: (field, rank) for field, names in _NAMES.items() for rank, name in enumerate(names.split())}


class UnusableColumns(ValueError):
    """Nobody can tell which column is what; the text is a sentence for whoever sent the file."""


class UnusableMapping(UnusableColumns):
    """What was said of the columns can't be meant."""


def plain_name(written: str) -> str:
    """A column's name without what people vary: ``Phone Number``, ``phone-number`` and ``PHONE_NUMBER`` are one."""
    return re.sub(r"[\s_.-]+", "_", written.strip().lower()).strip("_")


def is_known(written: str) -> bool:
    """Whether this is a name that a field of a lead is known by."""
    return plain_name(written) in _RANKED


def is_phone_number(written: str) -> bool:
    """Whether a column of this name has phone numbers."""
    return _RANKED.get(plain_name(written), ("", 0))[0] == PHONE_NUMBER


def targets_of(columns: Sequence[str], mapping: Mapping[str, str | None] | None = None) -> Sequence[str]:
    """Where the cells of each column go: a field, ``custom_fields.<name>`` or ``LEFT_OUT``.

    Args:
        columns: The names in the file's first row.
        mapping: By the names of columns what they are; ``None`` leaves a column out. It goes before all guesses.

    Raises:
        UnusableMapping: it names a column or a field that doesn't exist, or one field twice.
        UnusableColumns: no column has phone numbers, or there are too many.
    """
    if len(columns) > MOST_COLUMNS:
        raise UnusableColumns(f"This file has {len(columns)} columns; {MOST_COLUMNS} are the most.")
    said = _said(columns, mapping or {})
    guessed = _guessed(columns, said)
    taken: set[str] = set()
    targets = [said.get(place) if place in said else guessed.get(place) for place in range(len(columns))]
    named = [
        target if target is not None else _custom(name, place, taken)
        for place, (name, target) in enumerate(zip(columns, targets, strict=True))
    ]
    if PHONE_NUMBER not in named:
        raise UnusableColumns(_no_phone_column(columns))
    return named


def _said(columns: Sequence[str], mapping: Mapping[str, str | None]) -> Mapping[int, str]:
    said: dict[int, str] = {}
    for name, field in mapping.items():
        target = LEFT_OUT if field is None else field.strip()
        if target and target not in FIELDS and not (target.startswith(CUSTOM) and len(target) > len(CUSTOM)):
            raise UnusableMapping(f"There is no field {target[:80]!r}; there are {_fields()}.")
        place = _place(columns, name)
        if target and target in said.values():
            raise UnusableMapping(f"Several columns are to be {target[:80]!r}; name one.")
        said[place] = target
    return said


def _place(columns: Sequence[str], name: str) -> int:
    """The place of a column by its name as written, else by its plain name."""
    for written in (lambda column: column, str.strip, plain_name):
        names = [written(column) for column in columns]
        if written(name) in names:
            return names.index(written(name))
    raise UnusableMapping(f"The file has no column {name[:80]!r}; it has {_listed(columns)}.")


def _guessed(columns: Sequence[str], said: Mapping[int, str]) -> Mapping[int, str]:
    best: dict[str, tuple[int, int]] = {}
    guessed: dict[int, str] = {}
    for place, column in enumerate(columns):
        name = plain_name(column)
        if place in said:
            continue
        if name.startswith(OWN_PREFIX):
            guessed[place] = LEFT_OUT
        elif column.strip().startswith(CUSTOM) and len(column.strip()) > len(CUSTOM):
            guessed[place] = column.strip()
        elif name in _RANKED and _RANKED[name][0] not in said.values():
            field, rank = _RANKED[name]
            best[field] = min(best.get(field, (rank, place)), (rank, place))
    return guessed | {place: field for field, (_, place) in best.items()}


def _custom(column: str, place: int, taken: set[str]) -> str:
    """A name of its own for a column that is no field; one without a name is called by its place."""
    name = column.strip()[:LONGEST_NAME] or f"column_{place + 1}"
    count = 1
    unique = name
    while unique in taken:
        count += 1
        unique = f"{name}_{count}"
    taken.add(unique)
    return f"{CUSTOM}{unique}"


def _no_phone_column(columns: Sequence[str]) -> str:
    return (
        "No column has phone numbers. The first row has to name the columns, one of them phone_number, phone or mobile;"
        f' or say which it is by `mapping`, such as {{"Tel. (work)": "phone_number"}}. Found: {_listed(columns)}.'
    )


def _listed(columns: Sequence[str]) -> str:
    shown = ", ".join(repr(column.strip()[:40]) for column in columns[:10])
    return shown + (", …" if len(columns) > 10 else "")


def _fields() -> str:
    return ", ".join([*sorted(FIELDS), "custom_fields.<name>"])
