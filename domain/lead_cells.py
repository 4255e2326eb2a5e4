# ruff: noqa: N818 - a name says what happened, as in the house's other error trees
"""The cells of a row as the fields of a lead, without what spreadsheets do to them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from domain.formula_cells import rearmed
from domain.lead_columns import CUSTOM, LEFT_OUT, PHONE_NUMBER

_SCIENTIFIC = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE]\+?[0-9]+")
_DECIMAL = re.compile(r"(\+?[0-9]{7,15})[.,]0+")
_WHOLE = re.compile(r"([0-9]{1,3})(?:[.,]0+)?", re.ASCII)
_TEXT_FORMULA = re.compile(r'="((?:[^"]|"")*)"')
_CONSENT = "consent_"
_PRIORITY = "priority"


class UnusableCell(ValueError):
    """A cell can't be what was meant; the text is a sentence for whoever sent the file."""


def plain_cell(cell: str) -> str:
    """A cell's text without the spaces around it and without how spreadsheets force text (``'…`` and ``="…"``)."""
    text = cell.strip()
    forced = _TEXT_FORMULA.fullmatch(text)
    return forced[1].replace('""', '"') if forced else rearmed(text)


def phone_cell(text: str) -> str:
    """A phone number's writing, as its owner wrote it before a spreadsheet took it for a number.

    Raises:
        UnusableCell: the digits are lost.
    """
    text = text.lstrip("'").strip()
    if _SCIENTIFIC.fullmatch(text):
        raise UnusableCell(
            f"{PHONE_NUMBER}: {text[:40]} is how a spreadsheet shortens a long number; its last digits are lost."
            " Format the column as text or as a number without decimals, and export the file again."
        )
    decimal = _DECIMAL.fullmatch(text)
    return decimal[1] if decimal else text


def fields_of_row(cells: Sequence[str], targets: Sequence[str]) -> dict[str, Any]:
    """The fields that a row of a table gives; empty cells give none.

    Raises:
        UnusableCell: there are more cells than columns, or the phone number lost its digits.
    """
    if any(cell.strip() for cell in cells[len(targets) :]):
        raise UnusableCell(
            f"This row has {len(cells)} cells and the first one {len(targets)}; put cells that hold the delimiter in"
            " quotation marks."
        )
    texts = zip(targets, map(plain_cell, cells), strict=False)
    return _lead({target: _value(target, text) for target, text in texts if text and target != LEFT_OUT}, {})


def fields_of_object(written: Mapping[str, Any], targets: Mapping[str, str]) -> dict[str, Any]:
    """The fields that an object gives; nulls give none, own fields keep their types.

    Args:
        written: A line of newline-delimited JSON.
        targets: Where each of its keys goes; ``custom_fields`` and ``consent`` go where they are in every lead.

    Raises:
        UnusableCell: the phone number lost its digits.
    """
    own = written.get("custom_fields")
    given = {targets[name]: value for name, value in written.items() if value is not None and targets.get(name)}
    phone_number = given.get(PHONE_NUMBER)
    if isinstance(phone_number, int) and not isinstance(phone_number, bool):
        given[PHONE_NUMBER] = str(phone_number)
    if isinstance(given.get(_PRIORITY), str):
        given[_PRIORITY] = _value(_PRIORITY, given[_PRIORITY])
    lead = _lead(given, own if isinstance(own, dict) else {})
    if own is not None and not isinstance(own, dict):
        lead["custom_fields"] = own
    if written.get("consent") is not None:
        lead["consent"] = written["consent"]
    return lead


def _value(target: str, text: str) -> str | int:
    """A cell is text also where a lead has a number."""
    whole = _WHOLE.fullmatch(text) if target == _PRIORITY else None
    return text if whole is None else int(whole[1])


def _lead(given: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    lead: dict[str, Any] = {"custom_fields": dict(own)}
    consent: dict[str, Any] = {}
    for target, value in given.items():
        if target.startswith(CUSTOM):
            lead["custom_fields"][target.removeprefix(CUSTOM)] = value
        elif target.startswith(_CONSENT):
            consent[target.removeprefix(_CONSENT)] = value
        else:
            lead[target] = value
    if isinstance(lead.get(PHONE_NUMBER), str):
        lead[PHONE_NUMBER] = phone_cell(lead[PHONE_NUMBER])
    names = [lead.pop(part, None) for part in ("first_name", "last_name")]
    whole = " ".join(str(name) for name in names if name)
    if whole:
        lead.setdefault("name", whole)
    return lead | ({"consent": consent} if consent else {})
