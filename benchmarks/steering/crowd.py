"""The leads that wait: made-up people, more than there are numbers reserved for fiction."""

from collections.abc import Iterator
from itertools import cycle, islice

from commands.demo.client import Json
from commands.demo.lead_file import LEADS_FILE, read_leads, take_leads

NUMBERS = 25_000


def made_up_crowd(size: int) -> Iterator[Json]:
    """So many leads; beyond 25,000 two of them share a number, as where people are called for a second offer."""
    rows = read_leads(LEADS_FILE)
    people = take_leads(rows, len(rows) + min(size, NUMBERS))[len(rows) :]
    for number, person in enumerate(islice(cycle(people), size), start=1):
        yield {**person, "external_id": f"crowd-{number}"}
