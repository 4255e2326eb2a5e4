"""Word that a pool may have room for another call, from whoever gave it to whoever grants slots.

It goes out with the commit, over PostgreSQL itself, so that it reaches every worker process and is never ahead of the
rows it speaks of. Triggers send it for every slot that comes free (migration ``2026_11_25_room_is_announced``) and for
every cap that is changed (``2026_11_26_caps_are_announced``).
A pool's id says that there may be room; with ``PLAN`` before it, that leads may have to be planned anew first, since
one of its campaigns was changed or its organisation started (triggers of ``2026_11_25_planning_anew``).
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Text, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from storage.looks import Look, Via

CHANNEL = "leadline_room"
PLAN = "plan "

_WORDS = Look(select(func.pg_notify(CHANNEL, func.unnest(bindparam("words", type_=ARRAY(Text()))))))


async def announce_room(session: AsyncSession, number_pool_id: UUID) -> None:
    """Have the slots of this pool handed on as soon as the caller commits.

    Whoever commits this keeps all others who announce something waiting until the commit is on the disk: PostgreSQL
    orders such commits by one lock. So it isn't for what happens many times a second.
    """
    await announce_rooms(session, [number_pool_id])


async def announce_rooms(via: Via, number_pool_ids: Collection[UUID]) -> None:
    """The same for several pools; it goes out at once where each statement stands alone."""
    await _WORDS.rows(via, words=[str(pool_id) for pool_id in number_pool_ids])
