"""Recordings of calls: the work list of those that are still to be fetched, and of those that are to be deleted.

They stand in the rows of attempts and of calls that came in, in the same columns.

A row that somebody is at work on is leased to him until ``recording_try_at``; who dies loses it then. The number of the
try tells him from whoever takes it over: what he writes later finds no row.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, TextClause, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.recordings import RecordingDeletion, RecordingProblem
from domain.ringing_back import INBOUND, OUTBOUND
from storage.accounts import ADDRESS, AccountAddress
from storage.models import AccountRow, AttemptRow, InboundCallRow
from storage.models.calls import TO_DELETE, TO_FETCH
from storage.organizations import add_audit_entry

CHANNEL = "leadline_recordings"
"""Where each new link is announced, with the commit that brings it (migration ``2026_11_25_recordings``)."""

RecordedTable = type[AttemptRow] | type[InboundCallRow]
TABLES: Mapping[str, RecordedTable] = {OUTBOUND: AttemptRow, INBOUND: InboundCallRow}


class RecordingToFetch(NamedTuple):
    """One try at a recording. ``url`` is the provider's link: never in a log, a history or a message.

    ``row_id``: of the attempt or the call that came in, by ``direction``.
    """

    row_id: UUID
    tries: int
    path: str
    url: str
    call_id: str | None
    account: AccountAddress
    direction: str = OUTBOUND

    @property
    def named(self) -> Mapping[str, str]:
        """Whose it is, for a line in the log."""
        return {"attempt_id" if self.direction == OUTBOUND else "inbound_call_id": str(self.row_id)}


@dataclass(frozen=True, slots=True)
class KeptRecording:
    """What lies in our store. ``digest`` is its SHA-256 in hexadecimal."""

    size_bytes: int
    media_type: str
    digest: str


class RecordingToDelete(NamedTuple):
    row_id: UUID
    path: str
    direction: str = OUTBOUND


async def claim_to_fetch(
    session: AsyncSession, *, now: datetime, until: datetime, limit: int, first: str = OUTBOUND
) -> Sequence[RecordingToFetch]:
    """Lease recordings that are to be fetched now, those first that were never tried.

    Whoever asks at the same moment gets others.

    Args:
        first: Which direction's come first; who takes turns lets neither wait for all of the other's.
    """
    claims: list[RecordingToFetch] = []
    for direction in sorted(TABLES, key=lambda one: one != first):
        if len(claims) < limit:
            claims += await _claim_to_fetch(session, direction, now, until, limit - len(claims))
    return claims


async def _claim_to_fetch(
    session: AsyncSession, direction: str, now: datetime, until: datetime, limit: int
) -> Sequence[RecordingToFetch]:
    table = TABLES[direction]
    due = _leasable(table, TO_FETCH, now, limit, table.recording_try_at.asc().nulls_first())
    statement = (
        update(table)
        .where(table.id == due.c.id, AccountRow.id == table.account_id)
        .values(recording_tries=table.recording_tries + 1, recording_try_at=until, recording_path=_path(table))
        .returning(
            table.id,
            table.recording_tries,
            table.recording_path,
            table.recording_url,
            table.call_id,
            *ADDRESS,
        )
        .execution_options(synchronize_session=False)
    )
    rows = (await session.execute(statement)).all()
    return [RecordingToFetch._make((*row[:5], AccountAddress._make(row[5:]), direction)) for row in rows]


async def extend_lease(session: AsyncSession, claim: RecordingToFetch, until: datetime) -> bool:
    """Stay at work on it; False when it was taken over, or is not to be fetched any more."""
    return await _write(session, claim, recording_try_at=until)


async def note_link(session: AsyncSession, claim: RecordingToFetch, url: str) -> bool:
    """The provider has given another link."""
    return await _write(session, claim, recording_url=url)


async def mark_kept(session: AsyncSession, claim: RecordingToFetch, kept: KeptRecording, now: datetime) -> bool:
    """It lies in the store. False when it was taken over, or was ordered to be deleted, which then follows."""
    return await _write(
        session,
        claim,
        recording_bytes=kept.size_bytes,
        recording_type=kept.media_type,
        recording_digest=kept.digest,
        recording_fetched_at=now,
        recording_try_at=None,
        recording_problem=None,
    )


async def delete_anew(session: AsyncSession, claim: RecordingToFetch) -> None:
    """What this try has put into the store after it was deleted there is deleted once more."""
    table = TABLES[claim.direction]
    was_deleted = table.recording_deletion.is_not(None) & table.recording_path.is_(None)
    statement = update(table).where(table.id == claim.row_id, was_deleted)
    statement = statement.values(recording_path=claim.path, recording_try_at=None, recording_deleted_at=None)
    await session.execute(statement.execution_options(synchronize_session=False))


async def mark_failed(
    session: AsyncSession, claim: RecordingToFetch, problem: RecordingProblem, *, again_at: datetime
) -> bool:
    """This try came to nothing; there is another one."""
    return await _write(session, claim, recording_problem=problem, recording_try_at=again_at)


async def give_up(session: AsyncSession, claim: RecordingToFetch, problem: RecordingProblem, now: datetime) -> bool:
    """No further try; nothing of it lies in the store."""
    return await _write(
        session,
        claim,
        recording_problem=problem,
        recording_given_up_at=now,
        recording_try_at=None,
        recording_path=None,
    )


async def put_back(session: AsyncSession, claim: RecordingToFetch, *, again_at: datetime) -> bool:
    """This try was none: it was broken off for a reason of our own."""
    return await _write(session, claim, recording_tries=claim.tries - 1, recording_try_at=again_at)


async def order_deletion(
    session: AsyncSession, table: RecordedTable, which: ColumnElement[bool], order: RecordingDeletion
) -> int:
    """Order these to be deleted.

    The provider's link goes as well, and no report brings it back: it leads past us to what we are to delete.
    """
    statement = (
        update(table)
        .where(which)
        .values(recording_deletion=order, recording_url=None)
        .returning(table.id)
        .execution_options(synchronize_session=False)
    )
    return len((await session.execute(statement)).all())


async def order_deletion_of_contact(session: AsyncSession, contact_id: UUID) -> int:
    """Order every recording of a person to be deleted, and none to be fetched any more. Safe to repeat.

    From the commit on nobody hears them. The files are gone within about a minute while a worker runs; what
    ``recordings_of_contact`` still lists then is there.
    """
    ordered = 0
    for table in TABLES.values():
        which = (table.contact_id == contact_id) & table.recording_deletion.is_(None)
        ordered += await order_deletion(session, table, which, RecordingDeletion.ERASURE)
    return ordered


async def order_deletion_of_attempts(session: AsyncSession, attempt_ids: Sequence[UUID]) -> int:
    """The same for single calls of a person, which went to a number that they had before."""
    which = AttemptRow.id.in_(attempt_ids) & AttemptRow.recording_deletion.is_(None)
    return await order_deletion(session, AttemptRow, which, RecordingDeletion.ERASURE)


async def erasures_pending(session: AsyncSession, organization_id: UUID) -> int:
    """How many recordings of people who were erased are still in our store."""
    pending = 0
    for table in TABLES.values():
        which = (table.recording_deletion == RecordingDeletion.ERASURE) & (table.organization_id == organization_id)
        pending += await session.scalar(select(func.count()).select_from(table).where(which, TO_DELETE)) or 0
    return pending


async def recordings_of_contact(session: AsyncSession, contact_id: UUID) -> Sequence[RecordingToDelete]:
    """Every recording of a person that is or may be in our store, also those that are ordered to be deleted."""
    found: list[RecordingToDelete] = []
    for direction, table in TABLES.items():
        query = select(table.id, table.recording_path).where(
            table.contact_id == contact_id, table.recording_path.is_not(None)
        )
        rows = await session.execute(query.order_by(table.created_at))
        found += [RecordingToDelete._make((*row, direction)) for row in rows]
    return found


async def claim_to_delete(
    session: AsyncSession, *, now: datetime, until: datetime, limit: int
) -> Sequence[RecordingToDelete]:
    """Lease recordings that are to be deleted. One that is still being fetched waits until that is over or lapsed."""
    claims: list[RecordingToDelete] = []
    for direction, table in TABLES.items():
        due = _leasable(table, TO_DELETE, now, limit - len(claims), table.recording_try_at)
        statement = (
            update(table)
            .where(table.id == due.c.id)
            .values(recording_try_at=until)
            .returning(table.id, table.recording_path)
            .execution_options(synchronize_session=False)
        )
        claims += [RecordingToDelete._make((*row, direction)) for row in await session.execute(statement)]
    return claims


async def mark_deleted(session: AsyncSession, gone: Sequence[RecordingToDelete], now: datetime) -> None:
    """They are gone from the store. The audit log tells how many of each campaign, and by what order."""
    counts: Counter[tuple[UUID, UUID | None, str | None]] = Counter()
    for direction, table in TABLES.items():
        row_ids = [one.row_id for one in gone if one.direction == direction]
        statement = (
            update(table)
            .where(table.id.in_(row_ids), TO_DELETE)
            .values(recording_path=None, recording_try_at=None, recording_deleted_at=now)
            .returning(table.organization_id, table.campaign_id, table.recording_deletion)
            .execution_options(synchronize_session=False)
        )
        counts.update((row[0], row[1], row[2]) for row in await session.execute(statement))
    for (organization_id, campaign_id, order), count in counts.items():
        add_audit_entry(
            session,
            organization_id=organization_id,
            user_id=None,
            action="recordings.deleted",
            target_id=campaign_id,
            details={"count": count, "by": order},
        )


def _leasable(table: RecordedTable, which: TextClause, now: datetime, limit: int, order: Any) -> CTE:  # noqa: ANN401
    """Rows that nobody is at work on, locked; evaluated once, so that no more are locked than are taken."""
    return (
        select(table.id)
        .where(which, or_(table.recording_try_at.is_(None), table.recording_try_at <= now))
        .order_by(order)
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True)
        .cte("due")
        .prefix_with("MATERIALIZED")
    )


def _path(table: RecordedTable) -> ColumnElement[str]:
    """One place for each call, however often it is tried: what a crash leaves there is overwritten or deleted."""
    month = func.to_char(func.timezone("UTC", table.created_at), "YYYY-MM")
    return func.concat(table.organization_id, "/", month, "/", table.id)


async def _write(session: AsyncSession, claim: RecordingToFetch, **columns: object) -> bool:
    """Write as long as this try is the last one and there is still something to fetch."""
    table = TABLES[claim.direction]
    statement = (
        update(table)
        .where(table.id == claim.row_id, table.recording_tries == claim.tries, TO_FETCH)
        .values(**columns)
        .returning(table.id)
        .execution_options(synchronize_session=False)
    )
    return (await session.execute(statement)).first() is not None
