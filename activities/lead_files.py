"""Files of leads: from bytes to rows that are in order and rows that are not. Touches no database."""

import codecs
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from activities.input_errors import field_of, message_of
from activities.lead_input import LeadInput, in_order
from domain.delimited_text import Record, RecordCutter
from domain.json_lines import JsonLineCutter, object_of
from domain.lead_cells import UnusableCell, fields_of_object, fields_of_row
from domain.lead_columns import UnusableColumns, targets_of
from domain.time_zones import TimeZoneUndecided, UnknownRegion
from domain.vocabulary import ImportFormat
from storage.imports import Rejection
from storage.lead_intake import NewLead
from storage.models import CampaignRow, LeadImportRow

MOST_REASONS = 3
LONGEST_KEPT_CELL = 2_000
"""Characters of a rejected row's cell that are kept: enough to find it by, and to mend it."""

Row = NewLead | Rejection


class FileReader:
    """Reads a file from its beginning, piece by piece, as was decided when it came in."""

    def __init__(self, of: LeadImportRow) -> None:
        self._targets = of.targets
        self._width = len(of.columns)
        self._is_csv = of.format == ImportFormat.CSV
        self._decoder = codecs.getincrementaldecoder(of.encoding)("replace")
        self._cutter = RecordCutter(of.delimiter or ",") if self._is_csv else JsonLineCutter()
        self._targets_of_keys = lru_cache(maxsize=1_000)(_targets_by_key(of.mapping))

    def records(self, piece: bytes, *, is_last: bool = False) -> list[Record]:
        """The records that end in this piece."""
        return self._cutter.cut(self._decoder.decode(piece, is_last), is_last=is_last)

    def rows(self, records: Sequence[Record], campaign: CampaignRow) -> list[Row]:
        """What the records are; blank ones are nothing. Takes about 0.3 ms of computing a row."""
        return [self._row(record, campaign) for record in records if not record.is_blank]

    def rejection(self, record: Record, reason: str) -> Rejection:
        """A record that is no lead, cut down to what people need of it."""
        cells = [cell.replace("\x00", "\ufffd")[:LONGEST_KEPT_CELL] for cell in record.cells[: self._width + 1]]
        return Rejection(record.number, reason.replace("\x00", "\ufffd"), cells)

    def _row(self, record: Record, campaign: CampaignRow) -> Row:
        if record.problem is not None:
            return self.rejection(record, record.problem)
        try:
            return in_order(LeadInput.model_validate(self._fields(record)), campaign)
        except ValidationError as error:
            return self.rejection(record, _reason(error))
        except UnknownRegion as error:
            return self.rejection(record, f"region: {error}")
        except TimeZoneUndecided as error:
            return self.rejection(record, f"time_zone: {error}")
        except (UnusableCell, UnusableColumns, ValueError) as error:
            return self.rejection(record, str(error))

    def _fields(self, record: Record) -> Mapping[str, Any]:
        if self._is_csv:
            return fields_of_row(record.cells, self._targets)
        written = object_of(record.cells[0])
        return fields_of_object(written, self._targets_of_keys(tuple(written)))


def _targets_by_key(mapping: Mapping[str, str | None]) -> Any:  # noqa: ANN401 - lru_cache is to wrap it
    def targets(keys: tuple[str, ...]) -> Mapping[str, str]:
        return targets_of_object(keys, mapping)

    return targets


def targets_of_object(keys: Sequence[str], mapping: Mapping[str, str | None]) -> Mapping[str, str]:
    """Where the values of an object go. Not every object has every key, so what isn't there isn't missed.

    Raises:
        UnusableColumns: there is no phone number.
    """
    own = [key for key in keys if key not in ("custom_fields", "consent")]
    return dict(zip(own, targets_of(own, {key: mapping[key] for key in own if key in mapping}), strict=True))


def _reason(error: ValidationError) -> str:
    errors = error.errors(include_url=False, include_input=False, include_context=False)
    return " ".join(f"{field_of(one['loc'])}: {message_of(one)}" for one in errors[:MOST_REASONS])
