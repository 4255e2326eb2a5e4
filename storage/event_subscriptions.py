"""Systems of the organisation that are told what happens: whom, and how well that goes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.events import DisabledReason, is_given_up, rest_after
from storage.models import EventSubscriptionRow
from storage.pages import Cursor, Page, fetch_page

CHANNEL = "leadline_subscriptions"
"""Where it is said, with the commit, that somebody subscribes: workers look for nothing while nobody does."""


async def announce(session: AsyncSession) -> None:
    """Have the workers look for events from now on, as soon as the caller commits."""
    await session.execute(select(func.pg_notify(CHANNEL, "")))


async def does_anybody_subscribe(session: AsyncSession) -> bool:
    """Of all organisations: whether there is a subscription that isn't disabled."""
    return bool(await session.scalar(select(exists().where(EventSubscriptionRow.enabled))))


async def subscriptions_page(
    session: AsyncSession, organization_id: UUID, *, limit: int, after: Cursor | None
) -> Page[EventSubscriptionRow]:
    row = EventSubscriptionRow
    statement = select(row).where(row.organization_id == organization_id)
    page = await fetch_page(session, statement, (row.created_at, row.id), limit=limit, after=after)
    return Page([one[0] for one in page.items], page.next_cursor)


async def count_subscriptions(session: AsyncSession, organization_id: UUID) -> int:
    query = select(func.count()).where(EventSubscriptionRow.organization_id == organization_id)
    return await session.scalar(query) or 0


async def get_subscription(
    session: AsyncSession, organization_id: UUID, subscription_id: UUID, *, lock: bool = False
) -> EventSubscriptionRow | None:
    row = EventSubscriptionRow
    query = select(row).where(row.id == subscription_id, row.organization_id == organization_id)
    return await session.scalar(query.with_for_update(key_share=True) if lock else query)


async def note_success(session: AsyncSession, subscription_id: UUID) -> None:
    """Something came through: what failed before counts no more."""
    row = EventSubscriptionRow
    statement = update(row).where(row.id == subscription_id, row.failures > 0)
    await session.execute(statement.values(failures=0, failing_since=None, rests_until=None))


async def note_failure(session: AsyncSession, subscription_id: UUID, *, is_gone: bool, now: datetime) -> str | None:
    """A try failed. Why the subscription was disabled by that, or None where it goes on.

    What fails while the address rests already was under way before, and counts as one failure.
    """
    row = await session.get(EventSubscriptionRow, subscription_id, with_for_update={"key_share": True})
    if row is None or not row.enabled:
        return None
    if row.rests_until is None or row.rests_until <= now:
        row.failures += 1
        row.rests_until = now + rest_after(row.failures)
    row.failing_since = row.failing_since or now
    if is_gone or is_given_up(row.failing_since, row.failures, now):
        row.enabled, row.disabled_at = False, now
        row.disabled_reason = DisabledReason.GONE if is_gone else DisabledReason.FAILING
    await session.flush()
    return row.disabled_reason


def begin_anew(row: EventSubscriptionRow) -> None:
    """Forget what failed: the next try is made at once."""
    row.failures, row.failing_since, row.rests_until = 0, None, None
    row.disabled_reason = row.disabled_at = None
