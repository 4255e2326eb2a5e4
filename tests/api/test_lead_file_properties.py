"""Whatever Python's own writer of CSV writes, with any delimiter, quoting and encoding, reads back as it was."""

import csv
import io
from dataclasses import dataclass
from typing import Any, Literal
from uuid import uuid4

from hypothesis import assume, example, given
from hypothesis import strategies as st

from activities.lead_files import FileReader
from api.import_layout import SAMPLE_BYTES, FileSample, layout_of
from domain.lead_cells import plain_cell
from domain.lead_columns import is_known
from domain.text_files import EncodingCheck
from storage.lead_intake import NewLead
from storage.models import CampaignRow, LeadImportRow

Quoting = Literal[0, 1, 2]

NOT_STORABLE = "\x00\ufeff"
PHONES = [f"+121255501{number:02}" for number in range(100)]


@dataclass(frozen=True)
class File:
    """``rows``: what the cells are when the spaces around them are left out; the phone number's column is ``place``."""

    body: bytes
    place: int
    names: list[str]
    rows: list[list[str]]


def is_plain(cell: str) -> bool:
    """Nothing that is read as a spreadsheet's way to force text; that has tests of its own."""
    return plain_cell(cell) == cell.strip()


def fits(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


@st.composite
def files(draw: st.DrawFn) -> File:
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]))
    end = draw(st.sampled_from(["\r\n", "\n"]))
    # Before Python 3.13 the writer doesn't quote a carriage return that is no end of its lines.
    without = NOT_STORABLE + ("" if end == "\r\n" else "\r")
    characters = st.characters(exclude_categories=["Cs"], exclude_characters=without)
    usual = st.sampled_from([character for character in "aZ0é€ ,;\t|\"'\n\r=-+@" if character not in without])
    text = st.text(usual | characters, max_size=12).filter(lambda text: fits(text, encoding) and is_plain(text))
    name = text.map(str.strip).filter(lambda text: bool(text) and not is_known(text) and "phone" not in text)
    names = draw(st.lists(name, max_size=4, unique=True))
    rows = draw(st.lists(st.lists(text, min_size=len(names), max_size=len(names)), min_size=1, max_size=6))
    place = draw(st.integers(0, len(names)))
    written = io.StringIO(newline="")
    quoting: Quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]))
    writer = csv.writer(written, delimiter=draw(st.sampled_from(",;\t|")), quoting=quoting, lineterminator=end)
    writer.writerow([*names[:place], "Phone", *names[place:]])
    for number, row in enumerate(rows):
        writer.writerow([*row[:place], PHONES[number], *row[place:]])
    body = written.getvalue().encode(encoding)
    assume(encoding != "cp1252" or not is_utf_8_by_chance(body))
    return File(body, place, names, [[cell.strip() for cell in row] for row in rows])


def is_utf_8_by_chance(body: bytes) -> bool:
    """Such bytes are both, and nobody can tell which was meant."""
    return not body.isascii() and fits_utf_8(body)


def fits_utf_8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def read(body: bytes, size: int) -> list[Any]:
    check = EncodingCheck()
    check.see(body)
    sample = FileSample(body[:SAMPLE_BYTES], len(body) <= SAMPLE_BYTES, check.encoding(), "leads.csv", "text/csv")
    layout = layout_of(sample, {})
    row = LeadImportRow(
        format=layout.format,
        encoding=sample.encoding,
        delimiter=layout.delimiter,
        columns=list(layout.columns),
        targets=list(layout.targets),
        mapping={},
    )
    reader = FileReader(row)
    records = [one for start in range(0, len(body), size) for one in reader.records(body[start : start + size])]
    records += reader.records(b"", is_last=True)
    campaign = CampaignRow(id=uuid4())
    return reader.rows([record for record in records if record.number > layout.first_row], campaign)


@given(files(), st.integers(1, 40))
@example(File(b"{,Phone\r\n1,+12125550100\r\n", 1, ["{"], [["1"]]), 9)
def test_what_was_written_is_what_is_read(file: File, size: int) -> None:
    leads = read(file.body, size)
    assert [type(lead) for lead in leads] == [NewLead] * len(file.rows), leads
    assert [lead.phone_number for lead in leads] == PHONES[: len(file.rows)]
    expected = [{name: cell for name, cell in zip(file.names, row, strict=True) if cell} for row in file.rows]
    assert [lead.custom_fields for lead in leads] == expected
