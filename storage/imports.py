"""Files of leads: kept with their import until all of it is taken in, a batch a transaction.

What was taken in is committed with the leads, so that whoever goes on after a crash takes no row twice; and whoever
holds the import's row looks first whether somebody else went on meanwhile.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import ARRAY, JSON, Integer, Table, Text, column, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.vocabulary import ImportStatus
from storage.models import LeadImportPieceRow, LeadImportRejectionRow, LeadImportRow
from storage.pages import Cursor, Page, fetch_page

OPEN = (ImportStatus.QUEUED, ImportStatus.RUNNING)


class ImportMoved(RuntimeError):  # noqa: N818 - says what happened, as in the house's other error trees
    """Another worker went on with this import, or it is over: whoever is told this stops."""


@dataclass(frozen=True, slots=True)
class Rejection:
    row_number: int
    reason: str
    cells: Sequence[str]


@dataclass(frozen=True, slots=True)
class Progress:
    """What a batch came to: up to which row, and how many of its rows became what."""

    row_number: int
    bytes_read: int
    accepted: int
    duplicate: int
    rejections: Sequence[Rejection]


async def get_import(session: AsyncSession, organization_id: UUID, import_id: UUID) -> LeadImportRow | None:
    query = select(LeadImportRow).where(LeadImportRow.id == import_id, LeadImportRow.organization_id == organization_id)
    return await session.scalar(query)


async def list_imports(
    session: AsyncSession, organization_id: UUID, *, campaign_id: UUID | None, limit: int, after: Cursor | None
) -> Page[LeadImportRow]:
    statement = select(LeadImportRow).where(LeadImportRow.organization_id == organization_id)
    if campaign_id is not None:
        statement = statement.where(LeadImportRow.campaign_id == campaign_id)
    key = (LeadImportRow.created_at, LeadImportRow.id)
    page = await fetch_page(session, statement, key, limit=limit, after=after)
    return Page([row[0] for row in page.items], page.next_cursor)


async def add_piece(session: AsyncSession, import_id: UUID, number: int, content: bytes) -> None:
    """Keep a part of the file; at once, so that not all of it is held in memory until the commit."""
    values = {"import_id": import_id, "number": number, "content": content}
    await session.execute(insert(cast("Table", LeadImportPieceRow.__table__)), values)


async def get_piece(session: AsyncSession, import_id: UUID, number: int) -> bytes | None:
    """A part of the file, counted from 0; None behind the last one."""
    query = select(LeadImportPieceRow.content).where(
        LeadImportPieceRow.import_id == import_id, LeadImportPieceRow.number == number
    )
    return await session.scalar(query)


async def begin(session: AsyncSession, import_id: UUID, now: datetime) -> LeadImportRow | None:
    """The import, which is running from now on; None when it is over, or never was."""
    statement = update(LeadImportRow).where(LeadImportRow.id == import_id, LeadImportRow.status.in_(OPEN))
    statement = statement.values(status=ImportStatus.RUNNING, touched_at=now)
    return await session.scalar(statement.returning(LeadImportRow).execution_options(populate_existing=True))


async def hold(session: AsyncSession, import_id: UUID, *, at: int) -> LeadImportRow:
    """Lock an import that was taken in up to the row ``at``; before every contact and lead.

    Raises:
        ImportMoved: it wasn't, or it is over.
    """
    query = select(LeadImportRow).where(LeadImportRow.id == import_id, LeadImportRow.row_number == at)
    query = query.where(LeadImportRow.status == ImportStatus.RUNNING)
    row = await session.scalar(query.with_for_update(key_share=True).execution_options(populate_existing=True))
    if row is None:
        raise ImportMoved("somebody else went on with this import, or it is over")
    return row


async def note(session: AsyncSession, held: LeadImportRow, progress: Progress, now: datetime) -> None:
    """Write down what became of a batch; the caller, who holds the import, commits it with the leads."""
    held.row_number = progress.row_number
    held.bytes_read = progress.bytes_read
    held.rows_accepted += progress.accepted
    held.rows_duplicate += progress.duplicate
    held.rows_rejected += len(progress.rejections)
    held.touched_at = now
    if progress.rejections:
        await _add_rejections(session, held.id, progress.rejections)


async def finish(session: AsyncSession, held: LeadImportRow, now: datetime, *, problem: str | None = None) -> None:
    """The import is over, and its file is needed no more; callers hold the import."""
    held.problem = problem
    if problem is None:
        held.rows_total = held.rows_accepted + held.rows_duplicate + held.rows_rejected
        held.bytes_read = held.bytes_total
    await _end(session, held, ImportStatus.DONE if problem is None else ImportStatus.FAILED, now)


async def lock_import(session: AsyncSession, organization_id: UUID, import_id: UUID) -> LeadImportRow | None:
    """An import that nobody goes on with until the transaction ends; a batch that is being stored is waited for."""
    query = select(LeadImportRow).where(LeadImportRow.id == import_id, LeadImportRow.organization_id == organization_id)
    return await session.scalar(query.with_for_update(key_share=True).execution_options(populate_existing=True))


async def cancel(session: AsyncSession, held: LeadImportRow, now: datetime) -> None:
    """Nothing more of the file is taken in; what of it became leads stays. Callers hold the import, which is open."""
    await _end(session, held, ImportStatus.CANCELLED, now)


async def _end(session: AsyncSession, held: LeadImportRow, status: ImportStatus, now: datetime) -> None:
    held.status = status
    held.touched_at = held.done_at = now
    await session.execute(delete(LeadImportPieceRow).where(LeadImportPieceRow.import_id == held.id))


async def rejections(
    session: AsyncSession, import_id: UUID, *, limit: int, after: int = 0
) -> Sequence[LeadImportRejectionRow]:
    """The first of those rows behind the row ``after`` that were rejected, in the order of the file."""
    query = select(LeadImportRejectionRow).where(
        LeadImportRejectionRow.import_id == import_id, LeadImportRejectionRow.row_number > after
    )
    return (await session.scalars(query.order_by(LeadImportRejectionRow.row_number).limit(limit))).all()


async def stalled_imports(session: AsyncSession, *, untouched_since: datetime, limit: int) -> Sequence[UUID]:
    """Imports that aren't over and that nobody went on with, the longest left alone first."""
    query = select(LeadImportRow.id).where(LeadImportRow.status.in_(OPEN), LeadImportRow.touched_at < untouched_since)
    return (await session.scalars(query.order_by(LeadImportRow.touched_at).limit(limit))).all()


async def delete_old_rejections(session: AsyncSession, *, done_before: datetime, now: datetime, limit: int) -> int:
    """Delete the rejected rows of imports that were over by then: they hold what people wrote of other people."""
    old = select(LeadImportRow.id).where(LeadImportRow.rejections_deleted_at.is_(None), LeadImportRow.rows_rejected > 0)
    old = old.where(LeadImportRow.done_at < done_before).order_by(LeadImportRow.done_at).limit(limit)
    ids = (await session.scalars(old.with_for_update(key_share=True, skip_locked=True))).all()
    if ids:
        await session.execute(delete(LeadImportRejectionRow).where(LeadImportRejectionRow.import_id.in_(ids)))
        await session.execute(update(LeadImportRow).where(LeadImportRow.id.in_(ids)).values(rejections_deleted_at=now))
    return len(ids)


async def _add_rejections(session: AsyncSession, import_id: UUID, rejections: Sequence[Rejection]) -> None:
    """One parameter for all of them."""
    written = json.dumps(
        [{"row_number": one.row_number, "reason": one.reason, "cells": list(one.cells)} for one in rejections]
    )
    given = (
        func.json_to_recordset(literal(written, Text()).cast(JSON))
        .table_valued(column("row_number", Integer()), column("reason", Text()), column("cells", ARRAY(Text)))
        .render_derived("r", with_types=True)
    )
    rows = select(literal(import_id), given.c.row_number, given.c.reason, given.c.cells)
    columns = ["import_id", "row_number", "reason", "cells"]
    await session.execute(insert(cast("Table", LeadImportRejectionRow.__table__)).from_select(columns, rows))
