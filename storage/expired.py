"""What holds for a while only is deleted when its time has gone by."""

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import InvitationRow, RequestCountRow, RevokedTokenRow

# Any number that nothing else here uses: one process at a time deletes.
ADVISORY_LOCK = 0x1EAD_01D0


async def prune_expired(session: AsyncSession) -> None:
    """Delete tokens that would have expired by now, invitations that weren't accepted, and counts that count no more.

    Does nothing while another process does.
    """
    if not await session.scalar(select(func.pg_try_advisory_xact_lock(ADVISORY_LOCK))):
        return
    for table in (RevokedTokenRow, InvitationRow, RequestCountRow):
        await session.execute(delete(table).where(table.expires_at < func.clock_timestamp()))
