"""How a file of leads is to be read: what is wrong with it as a whole is said before anything is kept of it."""

import codecs
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from activities.lead_files import targets_of_object
from api.problems import Invalid
from domain.delimited_text import DELIMITERS, Record, RecordCutter, delimiter_of
from domain.formula_cells import rearmed
from domain.json_lines import JsonLineCutter, object_of
from domain.lead_columns import PHONE_NUMBER, UnusableColumns, UnusableMapping, is_phone_number, targets_of
from domain.vocabulary import ImportFormat

SAMPLE_BYTES = 512 * 1024

_JSON_TYPES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/json"})
_JSON_ENDINGS = frozenset({".ndjson", ".jsonl", ".json"})
# With a name: the first one of a table may begin with a brace, and is in quotes itself where it has any.
_JSON_BEGINS = re.compile(r'\s*(?:\[\s*)?\{\s*"')
_NOTHING = re.compile(rf'[\s"{re.escape(DELIMITERS)}]*')

_EMPTY = "There is nothing in this file; send one with a row of column names and a row a lead."


@dataclass(frozen=True, slots=True)
class FileSample:
    """The beginning of a file, and what came with it."""

    head: bytes
    is_whole: bool
    encoding: str
    file_name: str | None
    media_type: str | None

    @property
    def text(self) -> str:
        return codecs.getincrementaldecoder(self.encoding)("replace").decode(self.head, self.is_whole)

    @property
    def format(self) -> ImportFormat:
        """By its content type, else by its name, else by what it begins with."""
        media_type = (self.media_type or "").partition(";")[0].strip().lower()
        by_name = PurePath(self.file_name or "").suffix.lower() in _JSON_ENDINGS
        is_json = media_type in _JSON_TYPES or by_name or _JSON_BEGINS.match(self.text) is not None
        return ImportFormat.NDJSON if is_json else ImportFormat.CSV


@dataclass(frozen=True, slots=True)
class FileLayout:
    """``first_row``: the number of the row that names the columns, 0 where none does."""

    format: ImportFormat
    delimiter: str | None
    columns: Sequence[str]
    targets: Sequence[str]
    first_row: int


def layout_of(sample: FileSample, mapping: Mapping[str, str | None]) -> FileLayout:
    """What the file's beginning tells.

    Raises:
        Invalid: it can't be read, holds nothing, or nobody can tell where its phone numbers are.
    """
    try:
        return _of_json(sample, mapping) if sample.format is ImportFormat.NDJSON else _of_table(sample, mapping)
    except UnusableMapping as error:
        raise Invalid("mapping", str(error)) from error
    except ValueError as error:
        raise Invalid("file", str(error)) from error


def _of_table(sample: FileSample, mapping: Mapping[str, str | None]) -> FileLayout:
    text = sample.text
    if _NOTHING.fullmatch(text):
        raise UnusableColumns(_EMPTY)
    delimiter = delimiter_of(text, lambda name: is_phone_number(name) or mapping.get(name.strip()) == PHONE_NUMBER)
    header, has_rows = _first_row(RecordCutter(delimiter).cut(text, is_last=sample.is_whole))
    if sample.is_whole and not has_rows:
        raise UnusableColumns("There is no row below the one that names the columns; send a file with leads in it.")
    columns = _without_empty_end([rearmed(cell.strip()).replace("\x00", "\ufffd") for cell in header.cells])
    return FileLayout(ImportFormat.CSV, delimiter, columns, targets_of(columns, mapping), header.number)


def _of_json(sample: FileSample, mapping: Mapping[str, str | None]) -> FileLayout:
    record, _ = _first_row(JsonLineCutter().cut(sample.text, is_last=sample.is_whole))
    if record.cells[0].startswith("["):
        raise UnusableColumns("This is a JSON array; send one object a line, without brackets and commas around them.")
    keys = list(object_of(record.cells[0]))
    targets_of_object(keys, mapping)
    return FileLayout(ImportFormat.NDJSON, None, [], [], 0)


def _first_row(records: Sequence[Record]) -> tuple[Record, bool]:
    """The first row that isn't blank, and whether others follow it."""
    filled = [record for record in records if not record.is_blank]
    if not filled:
        raise UnusableColumns(_EMPTY)
    if filled[0].problem is not None:
        raise UnusableColumns(f"The first row can't be read. {filled[0].problem}")
    return filled[0], len(filled) > 1


def _without_empty_end(columns: list[str]) -> list[str]:
    while columns and not columns[-1]:
        columns.pop()
    return columns
