"""What holds for a while only is deleted when its time has gone by."""

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.event_deliveries import prune_deliveries
from storage.idempotency import KEPT
from storage.models import IdempotencyKeyRow, InvitationRow, RequestCountRow, RevokedTokenRow

# Any number that nothing else here uses: one process at a time deletes.
ADVISORY_LOCK = 0x1EAD_01D0


async def prune_expired(session: AsyncSession) -> None:
    """Delete tokens that would have expired by now, invitations that weren't accepted, counts that count no more,
    answers that are kept for nobody any more, and deliveries of events from the log.

    Does nothing while another process does.
    """
    if not await session.scalar(select(func.pg_try_advisory_xact_lock(ADVISORY_LOCK))):
        return
    # The transaction's own instant stays the same, so that an index can be asked for what came before it.
    now = func.now()
    for table in (RevokedTokenRow, InvitationRow, RequestCountRow):
        await session.execute(delete(table).where(table.expires_at < now))
    await session.execute(delete(IdempotencyKeyRow).where(IdempotencyKeyRow.created_at < now - KEPT))
    await prune_deliveries(session)
