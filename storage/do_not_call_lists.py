"""Imported do-not-call lists: replaced by batches, each a short transaction of its own.

An import marks every number it has with its id, and what doesn't bear it is removed at the end. Of two imports of one
list the one that began last goes on: each batch holds the list's row and looks whether it is still its own.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, Boolean, Text, Uuid, delete, func, literal, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningInsert

from storage.models import DoNotCallEntryRow, DoNotCallListRow
from storage.organizations import lock_organization
from storage.pages import Cursor, Page, fetch_page

ListKind = Literal["registry", "list"]

MOST_IN_A_BATCH = 1_000


class ListTakenOver(RuntimeError):  # noqa: N818  (says what happened, as in the house's other error trees)
    """A newer import of the list began, or the list is being deleted: whoever is told this stops."""


@dataclass(frozen=True, slots=True)
class Holding:
    """The right to change a list's content, until somebody else takes it."""

    organization_id: UUID
    list_id: UUID
    import_id: UUID


@dataclass(frozen=True, slots=True)
class Put:
    """How many numbers of a batch were new to the list, and how many stood on it before the import."""

    added: int
    kept: int


@dataclass(frozen=True, slots=True)
class Removed:
    """``last``: the number to go on after; None when nothing is left to remove."""

    count: int
    last: str | None


async def begin_import(
    session: AsyncSession, organization_id: UUID, *, name: str, kind: ListKind, source: str | None
) -> Holding:
    """Find or make the list of this name and take it over; its content and what is said of it stay as they are."""
    new = insert(DoNotCallListRow).values(
        id=uuid4(), organization_id=organization_id, name=name, kind=kind, source=source, import_id=uuid4()
    )
    taken = new.on_conflict_do_update(
        index_elements=["organization_id", "name"], set_={"import_id": new.excluded.import_id}
    )
    row = (await session.execute(taken.returning(DoNotCallListRow.id, DoNotCallListRow.import_id))).one()
    return Holding(organization_id, row.id, row.import_id)


async def take_list(session: AsyncSession, organization_id: UUID, list_id: UUID) -> Holding | None:
    """Take a list over, so that imports of it stop; None when there is no such list."""
    import_id = uuid4()
    statement = update(DoNotCallListRow).where(
        DoNotCallListRow.organization_id == organization_id, DoNotCallListRow.id == list_id
    )
    taken = await session.execute(statement.values(import_id=import_id).returning(DoNotCallListRow.id))
    return None if taken.first() is None else Holding(organization_id, list_id, import_id)


async def put_numbers(session: AsyncSession, held: Holding, numbers: Collection[str]) -> Put:
    """Put numbers (E.164, at most ``MOST_IN_A_BATCH``) on the list; the caller commits at once. Safe to repeat.

    Raises:
        ListTakenOver: somebody else has the list now; nothing was put.
    """
    await _hold(session, held)
    added = list(await session.scalars(_upsert(held, sorted(set(numbers)))))
    # A gate holds the organisation (shared) from its first statement to its commit, and looks at the lists in between.
    # With this lock every gate either commits before this batch or looks after it. It comes last, though organisations
    # are otherwise locked first: nobody who holds an organisation ever waits for a list or its entries, and gates
    # are kept waiting only for the commit.
    await lock_organization(session, held.organization_id)
    return Put(added=sum(added), kept=len(added) - sum(added))


async def remove_left_out(session: AsyncSession, held: Holding, *, after: str | None) -> Removed:
    """Remove a batch of the numbers beyond ``after`` that the import didn't have; the caller commits.

    Raises:
        ListTakenOver: somebody else has the list now; nothing was removed.
    """
    await _hold(session, held)
    entry = DoNotCallEntryRow
    left_out = select(entry.phone_number).where(entry.list_id == held.list_id, entry.import_id != held.import_id)
    batch = left_out.where(entry.phone_number > (after or "")).order_by(entry.phone_number).limit(MOST_IN_A_BATCH)
    numbers = (await session.scalars(batch)).all()
    await session.execute(delete(entry).where(entry.list_id == held.list_id, entry.phone_number.in_(numbers)))
    return Removed(len(numbers), numbers[-1] if len(numbers) == MOST_IN_A_BATCH else None)


async def finish_import(
    session: AsyncSession,
    held: Holding,
    *,
    kind: ListKind | None,
    source: str | None,
    refreshed_at: datetime,
    numbers: int,
) -> DoNotCallListRow:
    """Say of the list what the import said of it (None leaves it as it was); its content is whole now.

    Raises:
        ListTakenOver: somebody else has the list now; nothing was said.
    """
    row = await _hold(session, held)
    row.kind = kind or row.kind
    row.source = source or row.source
    row.refreshed_at = refreshed_at
    row.numbers = numbers
    return row


async def drop_list(session: AsyncSession, held: Holding) -> DoNotCallListRow:
    """Delete a list whose numbers were removed before.

    Raises:
        ListTakenOver: somebody else has the list now; nothing was deleted.
    """
    row = await _hold(session, held)
    await session.delete(row)
    return row


async def list_lists(
    session: AsyncSession, organization_id: UUID, *, limit: int, after: Cursor | None
) -> Page[DoNotCallListRow]:
    statement = select(DoNotCallListRow).where(DoNotCallListRow.organization_id == organization_id)
    key = (DoNotCallListRow.created_at, DoNotCallListRow.id)
    page = await fetch_page(session, statement, key, limit=limit, after=after)
    return Page([row[0] for row in page.items], page.next_cursor)


async def lists_of_number(
    session: AsyncSession, organization_id: UUID, phone_number: str
) -> Sequence[DoNotCallListRow]:
    """The lists on which the number (E.164) stands, by name."""
    query = (
        select(DoNotCallListRow)
        .join(DoNotCallEntryRow, DoNotCallEntryRow.list_id == DoNotCallListRow.id)
        .where(DoNotCallEntryRow.organization_id == organization_id, DoNotCallEntryRow.phone_number == phone_number)
        .order_by(DoNotCallListRow.name)
    )
    return (await session.scalars(query)).all()


async def registries(session: AsyncSession, organization_id: UUID) -> Sequence[DoNotCallListRow]:
    """The organisation's copies of registries, the oldest first."""
    query = select(DoNotCallListRow).where(
        DoNotCallListRow.organization_id == organization_id, DoNotCallListRow.kind == "registry"
    )
    return (await session.scalars(query.order_by(DoNotCallListRow.refreshed_at.nulls_first()))).all()


async def _hold(session: AsyncSession, held: Holding) -> DoNotCallListRow:
    query = select(DoNotCallListRow).where(
        DoNotCallListRow.id == held.list_id, DoNotCallListRow.import_id == held.import_id
    )
    row = await session.scalar(query.with_for_update(key_share=True).execution_options(populate_existing=True))
    if row is None:
        raise ListTakenOver("a newer import of the list began, or it is being deleted")
    return row


def _upsert(held: Holding, numbers: Sequence[str]) -> ReturningInsert[bool]:
    """Marks the numbers with the import; returns for each that it hadn't marked yet whether it is new to the list."""
    # One parameter for all numbers: the statement is the same for every batch, and is planned once.
    given = select(
        literal(held.list_id, Uuid()),
        literal(held.organization_id, Uuid()),
        literal(held.import_id, Uuid()),
        func.unnest(literal(numbers, ARRAY(Text))),
    )
    new = insert(DoNotCallEntryRow).from_select(["list_id", "organization_id", "import_id", "phone_number"], given)
    marked = new.on_conflict_do_update(
        index_elements=["list_id", "phone_number"],
        set_={"import_id": new.excluded.import_id},
        where=DoNotCallEntryRow.import_id != new.excluded.import_id,
    )
    return marked.returning(literal_column("do_not_call_entries.xmax = 0", Boolean()))
