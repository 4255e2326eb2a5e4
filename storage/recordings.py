"""Recordings of attempts: the work list of those that are still to be fetched, and of those that are to be deleted.

A row that somebody is at work on is leased to him until ``recording_try_at``; who dies loses it then. The number of the
try tells him from whoever takes it over: what he writes later finds no row.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, TextClause, func, literal_column, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.recordings import RecordingDeletion, RecordingProblem
from storage.accounts import ADDRESS, AccountAddress
from storage.models import AccountRow, AttemptRow, CampaignRow
from storage.models.attempts import KEPT, RECORDED_AT, TO_DELETE, TO_FETCH
from storage.organizations import add_audit_entry

CHANNEL = "leadline_recordings"
"""Where each new link is announced, with the commit that brings it (migration ``2026_11_25_recordings``)."""


class RecordingToFetch(NamedTuple):
    """One try at a recording. ``url`` is the provider's link: never in a log, a history or a message."""

    attempt_id: UUID
    tries: int
    path: str
    url: str
    call_id: str | None
    account: AccountAddress


@dataclass(frozen=True, slots=True)
class KeptRecording:
    """What lies in our store. ``digest`` is its SHA-256 in hexadecimal."""

    size_bytes: int
    media_type: str
    digest: str


class RecordingToDelete(NamedTuple):
    attempt_id: UUID
    path: str


async def claim_to_fetch(
    session: AsyncSession, *, now: datetime, until: datetime, limit: int
) -> Sequence[RecordingToFetch]:
    """Lease recordings that are to be fetched now, those first that were never tried.

    Whoever asks at the same moment gets others.
    """
    due = _leasable(TO_FETCH, now, limit, AttemptRow.recording_try_at.asc().nulls_first())
    statement = (
        update(AttemptRow)
        .where(AttemptRow.id == due.c.id, AccountRow.id == AttemptRow.account_id)
        .values(
            recording_tries=AttemptRow.recording_tries + 1,
            recording_try_at=until,
            recording_path=_path(),
        )
        .returning(
            AttemptRow.id,
            AttemptRow.recording_tries,
            AttemptRow.recording_path,
            AttemptRow.recording_url,
            AttemptRow.call_id,
            *ADDRESS,
        )
        .execution_options(synchronize_session=False)
    )
    rows = (await session.execute(statement)).all()
    return [RecordingToFetch._make((*row[:5], AccountAddress._make(row[5:]))) for row in rows]


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


async def order_retention(session: AsyncSession, *, now: datetime, limit: int) -> int:
    """Order those to be deleted whose campaign keeps them no longer; from the commit on nobody hears them."""
    kept_until = now - func.make_interval(0, 0, 0, CampaignRow.recording_days)
    # For each campaign the oldest first, as they stand in the index: of all that is kept, only what goes is read.
    oldest = (
        select(AttemptRow.id)
        .where(AttemptRow.campaign_id == CampaignRow.id, KEPT, _recorded_at() < kept_until)
        .order_by(_recorded_at())
        .limit(limit)
        .lateral("oldest")
    )
    due = select(oldest.c.id).select_from(CampaignRow).join(oldest, true())
    due_ids = due.where(CampaignRow.recording_days.is_not(None)).limit(limit).cte("due").prefix_with("MATERIALIZED")
    locked = (
        select(AttemptRow.id)
        .join(due_ids, due_ids.c.id == AttemptRow.id)
        .where(KEPT)
        .with_for_update(key_share=True, skip_locked=True, of=AttemptRow)
        .cte("locked")
        .prefix_with("MATERIALIZED")
    )
    return await _order(session, AttemptRow.id == locked.c.id, RecordingDeletion.RETENTION)


async def order_deletion_of_contact(session: AsyncSession, contact_id: UUID) -> int:
    """Order every recording of a person to be deleted, and none to be fetched any more. Safe to repeat.

    From the commit on nobody hears them. The files are gone within about a minute while a worker runs; what
    ``recordings_of_contact`` still lists then is there.
    """
    which = (AttemptRow.contact_id == contact_id) & AttemptRow.recording_deletion.is_(None)
    return await _order(session, which, RecordingDeletion.ERASURE)


async def order_deletion_of_attempts(session: AsyncSession, attempt_ids: Sequence[UUID]) -> int:
    """The same for single calls of a person, which went to a number that they had before."""
    which = AttemptRow.id.in_(attempt_ids) & AttemptRow.recording_deletion.is_(None)
    return await _order(session, which, RecordingDeletion.ERASURE)


async def erasures_pending(session: AsyncSession, organization_id: UUID) -> int:
    """How many recordings of people who were erased are still in our store."""
    which = (AttemptRow.recording_deletion == RecordingDeletion.ERASURE) & (
        AttemptRow.organization_id == organization_id
    )
    return await session.scalar(select(func.count()).select_from(AttemptRow).where(which, TO_DELETE)) or 0


async def recordings_of_contact(session: AsyncSession, contact_id: UUID) -> Sequence[RecordingToDelete]:
    """Every recording of a person that is or may be in our store, also those that are ordered to be deleted."""
    query = select(AttemptRow.id, AttemptRow.recording_path).where(
        AttemptRow.contact_id == contact_id, AttemptRow.recording_path.is_not(None)
    )
    return [RecordingToDelete._make(row) for row in await session.execute(query.order_by(AttemptRow.created_at))]


async def claim_to_delete(
    session: AsyncSession, *, now: datetime, until: datetime, limit: int
) -> Sequence[RecordingToDelete]:
    """Lease recordings that are to be deleted. One that is still being fetched waits until that is over or lapsed."""
    due = _leasable(TO_DELETE, now, limit, AttemptRow.recording_try_at)
    statement = (
        update(AttemptRow)
        .where(AttemptRow.id == due.c.id)
        .values(recording_try_at=until)
        .returning(AttemptRow.id, AttemptRow.recording_path)
        .execution_options(synchronize_session=False)
    )
    return [RecordingToDelete._make(row) for row in (await session.execute(statement)).all()]


async def mark_deleted(session: AsyncSession, attempt_ids: Sequence[UUID], now: datetime) -> None:
    """They are gone from the store. The audit log tells how many of each campaign, and by what order."""
    statement = (
        update(AttemptRow)
        .where(AttemptRow.id.in_(attempt_ids), TO_DELETE)
        .values(recording_path=None, recording_try_at=None, recording_deleted_at=now)
        .returning(AttemptRow.organization_id, AttemptRow.campaign_id, AttemptRow.recording_deletion)
        .execution_options(synchronize_session=False)
    )
    counts = Counter((row[0], row[1], row[2]) for row in await session.execute(statement))
    for (organization_id, campaign_id, order), count in counts.items():
        add_audit_entry(
            session,
            organization_id=organization_id,
            user_id=None,
            action="recordings.deleted",
            target_id=campaign_id,
            details={"count": count, "by": order},
        )


def _leasable(which: TextClause, now: datetime, limit: int, order: Any) -> CTE:  # noqa: ANN401
    """Rows that nobody is at work on, locked; evaluated once, so that no more are locked than are taken."""
    return (
        select(AttemptRow.id)
        .where(which, or_(AttemptRow.recording_try_at.is_(None), AttemptRow.recording_try_at <= now))
        .order_by(order)
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True)
        .cte("due")
        .prefix_with("MATERIALIZED")
    )


def _recorded_at() -> ColumnElement[datetime]:
    """In the very words of the index."""
    return literal_column(RECORDED_AT.text)


def _path() -> ColumnElement[str]:
    """One place for each attempt, however often it is tried: what a crash leaves there is overwritten or deleted."""
    month = func.to_char(func.timezone("UTC", AttemptRow.created_at), "YYYY-MM")
    return func.concat(AttemptRow.organization_id, "/", month, "/", AttemptRow.id)


async def _write(session: AsyncSession, claim: RecordingToFetch, **columns: object) -> bool:
    """Write as long as this try is the last one and there is still something to fetch."""
    statement = (
        update(AttemptRow)
        .where(AttemptRow.id == claim.attempt_id, AttemptRow.recording_tries == claim.tries, TO_FETCH)
        .values(**columns)
        .returning(AttemptRow.id)
        .execution_options(synchronize_session=False)
    )
    return (await session.execute(statement)).first() is not None


async def _order(session: AsyncSession, which: ColumnElement[bool], order: RecordingDeletion) -> int:
    """The provider's link goes as well: it leads past us to what we are to delete."""
    statement = (
        update(AttemptRow)
        .where(which)
        .values(recording_deletion=order, recording_url=None)
        .returning(AttemptRow.id)
        .execution_options(synchronize_session=False)
    )
    return len((await session.execute(statement)).all())
