"""Imported do-not-call lists: a file of any length replaces what a list had.

Batches keep memory flat and locks short.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import ClientDisconnect

from api.auditing import note
from api.database_away import DATABASE_ERRORS, is_database_away
from api.dependencies import Dependencies
from api.number_lines import Layout, Line, Rejection, UnknownLayout, layout_of, lines_of, read_numbers
from api.principal import Principal
from api.problems import Conflict, Invalid, NotFound
from storage.do_not_call_lists import (
    MOST_IN_A_BATCH,
    Holding,
    ListKind,
    ListTakenOver,
    Put,
    begin_import,
    drop_list,
    finish_import,
    put_numbers,
    remove_left_out,
    take_list,
)
from storage.models import DoNotCallListRow

MOST_REJECTIONS = 100
MOST_REPEATS = 2


@dataclass(frozen=True, slots=True)
class ListTerms:
    """What an import says of its list; None leaves it as it was, and makes a new one a plain list."""

    name: str
    kind: ListKind | None
    source: str | None
    refreshed_at: datetime | None


@dataclass(slots=True)
class Tally:
    """What an import did so far; of the rejections only the first are kept."""

    added: int = 0
    kept: int = 0
    removed: int = 0
    rejected_count: int = 0
    rejected: list[Rejection] = field(default_factory=list)

    def reject(self, rejections: Sequence[Rejection]) -> None:
        self.rejected_count += len(rejections)
        self.rejected += rejections[: MOST_REJECTIONS - len(self.rejected)]


async def import_list(
    deps: Dependencies, session: AsyncSession, principal: Principal, terms: ListTerms, chunks: AsyncIterator[bytes]
) -> tuple[DoNotCallListRow, Tally]:
    """Make the numbers of a file the list's content. Safe to repeat, also after it broke off.

    Each batch counts at the gates from its own commit on. Nothing is removed, and the list isn't fresh, before the
    whole file is there.
    """
    refreshed_at = terms.refreshed_at or deps.clock()
    # The connection goes back to the pool whenever the next part of the file is waited for.
    await session.commit()
    try:
        held, tally = await _take_in(session, principal, terms, chunks)
        tally.removed = await _remove_left_out(session, held)
        numbers = tally.added + tally.kept
        row = await finish_import(
            session, held, kind=terms.kind, source=terms.source, refreshed_at=refreshed_at, numbers=numbers
        )
        _audit(session, principal, "do_not_call_list.imported", row, tally)
        await session.commit()
    except ListTakenOver as error:
        raise Conflict("A newer import of this list began, or it is being deleted; this import was left.") from error
    except ClientDisconnect as error:
        raise Invalid("body", "The file broke off; nothing was removed from the list. Send it again.") from error
    return row, tally


async def delete_list(session: AsyncSession, principal: Principal, list_id: UUID) -> None:
    """Delete a list with all its numbers. An import of it that is running stops."""
    held = await take_list(session, principal.organization_id, list_id)
    if held is None:
        raise NotFound("There is no do-not-call list with this id.")
    await session.commit()
    try:
        await _remove_left_out(session, held)
        row = await drop_list(session, held)
    except ListTakenOver as error:
        raise Conflict("The list was imported or deleted meanwhile; look at the lists again.") from error
    _audit(session, principal, "do_not_call_list.deleted", row)
    await session.commit()


async def _take_in(
    session: AsyncSession, principal: Principal, terms: ListTerms, chunks: AsyncIterator[bytes]
) -> tuple[Holding, Tally]:
    """Put every number of the file on the list, which is found or made with the first one."""
    tally = Tally()
    held: Holding | None = None
    async for layout, lines in _batches(chunks):
        # Off the event loop: other requests are answered meanwhile.
        numbers = await asyncio.to_thread(read_numbers, layout, lines)
        tally.reject(numbers.rejected)
        if not numbers.valid:
            continue
        held = held or await _begin(session, principal, terms)
        put = await _put(session, held, numbers.valid)
        await session.commit()
        tally.added += put.added
        tally.kept += put.kept
    if held is None:
        raise Invalid("body", _nothing_in_it(tally))
    return held, tally


async def _batches(chunks: AsyncIterator[bytes]) -> AsyncIterator[tuple[Layout, Sequence[Line]]]:
    layout: Layout | None = None
    batch: list[Line] = []
    async for line in lines_of(chunks):
        if layout is None:
            layout, names_columns = _layout_of(line.text)
            if names_columns:
                continue
        batch.append(line)
        if len(batch) == MOST_IN_A_BATCH:
            yield layout, batch
            batch = []
    if layout is not None and batch:
        yield layout, batch


def _layout_of(first_line: str) -> tuple[Layout, bool]:
    try:
        return layout_of(first_line)
    except UnknownLayout as error:
        raise Invalid("body", str(error)) from error


async def _begin(session: AsyncSession, principal: Principal, terms: ListTerms) -> Holding:
    """In a transaction of its own: the list is taken from an import that still runs before a batch is waited for."""
    kind = terms.kind or "list"
    held = await begin_import(session, principal.organization_id, name=terms.name, kind=kind, source=terms.source)
    await session.commit()
    return held


async def _put(session: AsyncSession, held: Holding, numbers: Sequence[str]) -> Put:
    """Put a batch. A file may have thousands, so one that gates kept waiting for too long is tried again."""
    for _ in range(MOST_REPEATS):
        try:
            return await put_numbers(session, held, numbers)
        except DATABASE_ERRORS as error:
            await session.rollback()
            if not is_database_away(error):
                raise
    return await put_numbers(session, held, numbers)


async def _remove_left_out(session: AsyncSession, held: Holding) -> int:
    count = 0
    after: str | None = None
    while True:
        removed = await remove_left_out(session, held, after=after)
        await session.commit()
        count += removed.count
        after = removed.last
        if after is None:
            return count


def _nothing_in_it(tally: Tally) -> str:
    if not tally.rejected:
        return "There is no number in this file; the list was left as it was."
    first = tally.rejected[0]
    return (
        f"None of the {tally.rejected_count} lines has a number that can be called. Line {first.line}: {first.reason}"
    )


def _audit(
    session: AsyncSession, principal: Principal, action: str, row: DoNotCallListRow, tally: Tally | None = None
) -> None:
    counts = (
        {} if tally is None else {name: getattr(tally, name) for name in ("added", "kept", "removed", "rejected_count")}
    )
    note(session, principal, action, row.id, {"name": row.name, **counts})
