"""Every try to deliver an event: kept with what the delivery says of its last one, and shown in pages.

Nothing of what was sent or answered is in it, so that an erasure finds nothing to empty here. A delivery that goes
takes its tries along.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Update, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.dml import ReturningInsert

from storage.models import EventDeliveryRow, EventDeliveryTryRow
from storage.pages import Cursor, Page, fetch_page

MOST_KEPT = 100
"""Of one delivery: a round has ten, but somebody may ask for it again and again, and while the engine is away there is
one each half minute.
"""

_TRY, _DELIVERY = EventDeliveryTryRow, EventDeliveryRow
_AS_NOTED: Sequence[tuple[str, InstrumentedAttribute[Any]]] = (
    ("delivery_id", _DELIVERY.id),
    ("organization_id", _DELIVERY.organization_id),
    ("round", _DELIVERY.round),
    ("tried_at", _DELIVERY.last_try_at),
    ("status_code", _DELIVERY.status_code),
    ("error", _DELIVERY.error),
    ("duration_ms", _DELIVERY.duration_ms),
)
"""Columns of a try, each with that of the delivery that it is taken from."""


def keep_try(noting: Update, delivery_id: UUID) -> ReturningInsert[UUID]:
    """A statement that notes a try in its delivery, keeps it here, and forgets all but the newest of the delivery.

    Args:
        noting: Writes the columns of the last try; where it changes no row, nothing is kept and nothing returned.
        delivery_id: Of the same delivery.
    """
    noted = noting.returning(*(column for _, column in _AS_NOTED)).cte("noted")
    newest_first = (_TRY.tried_at.desc(), _TRY.id.desc())
    too_many = select(_TRY.id).where(_TRY.delivery_id == delivery_id).order_by(*newest_first).offset(MOST_KEPT - 1)
    forgotten = delete(_TRY).where(_TRY.id.in_(too_many)).cte("forgotten")
    values = select(func.gen_random_uuid(), *(noted.c[column.key] for _, column in _AS_NOTED))
    kept = insert(_TRY).from_select(["id", *(name for name, _ in _AS_NOTED)], values)
    return kept.add_cte(forgotten).returning(_TRY.id)


async def tries_page(
    session: AsyncSession, delivery_id: UUID, *, limit: int, after: Cursor | None
) -> Page[EventDeliveryTryRow]:
    """One page of a delivery's tries, the newest first; the caller knows whose delivery it is."""
    statement = select(_TRY).where(_TRY.delivery_id == delivery_id)
    page = await fetch_page(session, statement, (_TRY.tried_at, _TRY.id), limit=limit, after=after)
    return Page([one[0] for one in page.items], page.next_cursor)
