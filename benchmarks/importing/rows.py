"""Made-up leads, and the file that has them."""

import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from benchmarks.lives.system import made_up_leads
from commands.demo.client import Json

HEADER = ("Phone", "First name", "Last name", "E-mail", "Company", "Customer id", "Zip")

# Only a hundred numbers of each area code are reserved for fiction. These are all different, as in a real file; they
# stay in a draft on a system without any way to a telephone network, and are gone with it.
_EXCHANGES = range(220, 1_000)
_LINES = 10_000
_AREA_CODES = 300
_SPARSE = frozenset({"340", "670", "671", "684", "787", "939", "983"})  # few of their exchanges exist yet


def made_up_rows(count: int) -> Iterator[Sequence[str]]:
    """So many rows with a number each."""
    for place, number in enumerate(islice(_numbers(), count)):
        row = f"{place:06}"
        yield number, f"Ada {row}", "Lovelace", f"ada.{row}@example.com", f"Engines {place % 977}", f"C-{row}", "10001"


def write_file(path: Path, count: int) -> int:
    """Write a CSV file; how many bytes it has."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(made_up_rows(count))
    return path.stat().st_size


def as_bodies(rows: Sequence[Sequence[str]], campaign_id: str) -> list[Json]:
    """The same leads for ``POST /leads/batch``."""
    return [
        {
            "campaign_id": campaign_id,
            "phone_number": number,
            "name": f"{first} {last}",
            "external_id": customer,
            "postal_code": postal_code,
            "custom_fields": {"E-mail": email, "Company": company},
        }
        for number, first, last, email, company, customer, postal_code in rows
    ]


def _numbers() -> Iterator[str]:
    every = dict.fromkeys(str(lead["phone_number"])[2:5] for lead in made_up_leads(_AREA_CODES))
    area_codes = [code for code in every if code not in _SPARSE]
    for line in range(_LINES):
        for exchange in _EXCHANGES:
            if exchange % 100 != 11:  # services, such as 911
                yield from (f"({code}) {exchange}-{line:04}" for code in area_codes)
