"""The leads of the demo: read from a CSV file, and as many more like them as are asked for."""

import csv
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from domain.area_codes import REGIONS_BY_AREA_CODE

LEADS_FILE = Path(__file__).resolve().parents[2] / "examples" / "leads.csv"

# What a lead has of its own; every other column is one of its custom fields.
FIELDS = frozenset({"external_id", "name", "phone_number", "region", "time_zone", "postal_code", "source", "priority"})
LINES = 100  # of each area code, 555-0100 to 555-0199 are reserved for fiction

MOST_LEADS = 30_000

Lead = dict[str, Any]


def read_leads(path: Path) -> list[Lead]:
    """The rows of a CSV file with a header, as bodies for the API. Empty cells are left out.

    Raises:
        OSError: The file can't be read.
        ValueError: It is no UTF-8.
    """
    with path.open(newline="", encoding="utf-8-sig") as file:
        return [_lead(row) for row in csv.DictReader(file)]


def take_leads(rows: Sequence[Lead], wanted: int | None, *, reserved: Collection[str] = ()) -> list[Lead]:
    """The first ``wanted`` rows (None: all), and beyond the last one copies with further numbers.

    The copies' numbers are all different, all reserved for fiction, and spread over the area codes of the United
    States; a copy has the region of its number and no time zone, so that the number's own decides.

    Args:
        wanted: At most ``MOST_LEADS``.
        reserved: Numbers (E.164) that no copy may have.
    """
    if wanted is None or wanted <= len(rows):
        return list(rows[:wanted])
    taken = {*reserved, *(_plain(row.get("phone_number", "")) for row in rows)}
    copies = zip(islice(cycle(rows), wanted - len(rows)), _further_numbers(taken), strict=False)
    return [*rows, *(_copy(row, number, count) for count, (row, number) in enumerate(copies, start=len(rows) + 1))]


def _lead(row: Mapping[str | None, str | list[str] | None]) -> Lead:
    cells = {
        name.strip(): cell.strip()
        for name, cell in row.items()
        if name is not None and isinstance(cell, str) and cell.strip()
    }
    own: Lead = {name: cell for name, cell in cells.items() if name in FIELDS}
    own["custom_fields"] = {name: cell for name, cell in cells.items() if name not in FIELDS}
    return own


def _plain(number: str) -> str:
    return "".join(character for character in number if character in "+0123456789")


def _further_numbers(taken: Collection[str]) -> Iterator[str]:
    """E.164 numbers nobody has, the area codes in turn."""
    area_codes = [code for code, regions in REGIONS_BY_AREA_CODE.items() if _is_one_state(regions)]
    for line in range(LINES):
        for code in area_codes:
            number = f"+1{code}55501{line:02}"
            if number not in taken:
                yield number


def _is_one_state(regions: Sequence[str]) -> bool:
    return len(regions) == 1 and regions[0].startswith("US-")


def _copy(row: Lead, number: str, count: int) -> Lead:
    kept = {name: value for name, value in row.items() if name != "time_zone"}
    own = {"phone_number": number, "region": REGIONS_BY_AREA_CODE[number[2:5]][0], "external_id": f"copy-{count}"}
    return {**kept, **own, "name": f"{row.get('name', 'Lead')} ({count})"}
