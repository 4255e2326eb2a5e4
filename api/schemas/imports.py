"""Files of leads as they are answered."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from api.schemas.words import ImportFormatWord, ImportStatusWord
from domain.lead_columns import LEFT_OUT
from storage.models import LeadImportRejectionRow, LeadImportRow


class ImportColumn(BaseModel):
    """``field``: where its cells go, such as ``phone_number`` or ``custom_fields.company``; null: nowhere."""

    column: str
    field: str | None


class RejectedRow(BaseModel):
    """``row`` is counted as a spreadsheet shows it, from 1."""

    row: int
    reason: str
    cells: list[str]


class ImportSummary(BaseModel):
    """``problem`` explains a ``status`` of ``failed``. One that was ``cancelled`` keeps the leads that it had brought.

    The counts grow while the file is taken in; ``rows_total`` is null unless it is done. ``rows_duplicate`` are rows of
    leads that were there already, by their external id or, where the campaign reuses numbers, by their number.
    """

    id: UUID
    status: ImportStatusWord
    problem: str | None
    campaign_id: UUID
    file_name: str | None
    format: ImportFormatWord
    encoding: str
    delimiter: str | None
    columns: list[ImportColumn]
    bytes_total: int
    bytes_read: int
    rows_total: int | None
    rows_accepted: int
    rows_duplicate: int
    rows_rejected: int
    created_at: datetime
    done_at: datetime | None


class ImportAnswer(ImportSummary):
    """``rejected``: the first of the rejected rows; ``GET /imports/{id}/rejected`` has all of them for 30 days."""

    rejected: list[RejectedRow]


class ImportPage(BaseModel):
    items: list[ImportSummary]
    next_cursor: str | None


def import_summary(row: LeadImportRow) -> ImportSummary:
    named = {name: getattr(row, name) for name in ImportSummary.model_fields if name != "columns"}
    pairs = zip(row.columns, row.targets, strict=True)
    columns = [ImportColumn(column=column, field=None if target == LEFT_OUT else target) for column, target in pairs]
    return ImportSummary(**named, columns=columns)


def import_answer(row: LeadImportRow, rejected: Sequence[LeadImportRejectionRow] = ()) -> ImportAnswer:
    shown = [RejectedRow(row=one.row_number, reason=one.reason, cells=one.cells) for one in rejected]
    return ImportAnswer(**import_summary(row).model_dump(), rejected=shown)
