"""What admins do with subscriptions to events: make, change, try and delete them, and send events again."""

import secrets
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.auditing import note
from api.dependencies import Dependencies
from api.principal import Principal
from api.problems import Conflict, Invalid, NotFound
from api.schemas.event_subscriptions import EventSubscriptionChange, EventSubscriptionInput
from domain.events import ROTATION
from domain.standard_webhooks import SECRET_BYTES, written_secret
from storage.campaigns import get_campaign
from storage.event_deliveries import add_ping, get_delivery, send_anew
from storage.event_subscriptions import announce, begin_anew, count_subscriptions, get_subscription
from storage.models import EventDeliveryRow, EventSubscriptionRow
from telephony.link_addresses import check_written

MOST_SUBSCRIPTIONS = 50
"""In one organisation: each event is written once for each that wants it."""

NO_SUBSCRIPTION = "There is no event subscription with this id."
NO_DELIVERY = "This subscription has no delivery with this id; they are kept for 30 days."
DISABLED = "The subscription is disabled; enable it first."


async def make(
    deps: Dependencies, session: AsyncSession, principal: Principal, body: EventSubscriptionInput
) -> tuple[EventSubscriptionRow, str]:
    """A subscription, and its secret, which is shown this once."""
    _check_url(deps, body.url)
    await _check_campaign(session, principal, body.campaign_id)
    if await count_subscriptions(session, principal.organization_id) >= MOST_SUBSCRIPTIONS:
        raise Conflict(f"There are {MOST_SUBSCRIPTIONS} event subscriptions, which is the most; delete one first.")
    secret = _new_secret()
    row = EventSubscriptionRow(
        organization_id=principal.organization_id,
        sealed_secret=_sealed(deps, secret),
        **body.model_dump(),
    )
    session.add(row)
    await session.flush()
    await session.refresh(row)
    await announce(session)
    _audit(session, principal, "event_subscription.made", row)
    await session.commit()
    return row, secret


async def read(session: AsyncSession, principal: Principal, subscription_id: UUID) -> EventSubscriptionRow:
    return await _mine(session, principal, subscription_id, lock=False)


async def read_delivery(
    session: AsyncSession, principal: Principal, subscription_id: UUID, delivery_id: UUID
) -> EventDeliveryRow:
    await _mine(session, principal, subscription_id, lock=False)
    delivery = await get_delivery(session, principal.organization_id, subscription_id, delivery_id)
    if delivery is None:
        raise NotFound(NO_DELIVERY)
    return delivery


async def change(
    deps: Dependencies,
    session: AsyncSession,
    principal: Principal,
    subscription_id: UUID,
    body: EventSubscriptionChange,
) -> EventSubscriptionRow:
    """What waits for a subscription that is disabled is sent once it is enabled again."""
    changes = body.model_dump(exclude_unset=True)
    if body.url is not None:
        _check_url(deps, body.url)
    await _check_campaign(session, principal, body.campaign_id)
    row = await _mine(session, principal, subscription_id)
    if {"url", "enabled"} & set(changes):
        begin_anew(row)
    for name, value in changes.items():
        setattr(row, name, value)
    if not row.enabled and row.disabled_at is None:
        row.disabled_at = deps.clock()
    if row.enabled:
        await announce(session)
    _audit(session, principal, "event_subscription.changed", row)
    await session.commit()
    return row


async def delete(session: AsyncSession, principal: Principal, subscription_id: UUID) -> None:
    """Nothing more is sent from the commit on; its log goes when its time is over."""
    row = await _mine(session, principal, subscription_id)
    _audit(session, principal, "event_subscription.deleted", row)
    await session.delete(row)
    await session.commit()


async def rotate_secret(
    deps: Dependencies, session: AsyncSession, principal: Principal, subscription_id: UUID
) -> tuple[EventSubscriptionRow, str]:
    """A new secret; the one before it signs beside it for a day, and one before that no longer."""
    row = await _mine(session, principal, subscription_id)
    secret = _new_secret()
    sealed = _sealed(deps, secret)
    row.old_sealed_secret, row.old_secret_until = row.sealed_secret, deps.clock() + ROTATION
    row.sealed_secret = sealed
    _audit(session, principal, "event_subscription.secret_rotated", row)
    await session.commit()
    return row, secret


async def ping(session: AsyncSession, principal: Principal, subscription_id: UUID) -> EventDeliveryRow:
    """An event that tells of nothing, sent at once also while the address rests."""
    row = await _enabled(session, principal, subscription_id)
    delivery = await add_ping(session, row)
    _audit(session, principal, "event_subscription.tested", row)
    await session.commit()
    return delivery


async def redeliver(
    session: AsyncSession, principal: Principal, subscription_id: UUID, delivery_id: UUID
) -> EventDeliveryRow:
    """Send an event again, whatever became of it; the receiver gets it under the same ``webhook-id``."""
    delivery = await get_delivery(session, principal.organization_id, subscription_id, delivery_id, lock=True)
    row = await _enabled(session, principal, subscription_id)
    if delivery is None:
        raise NotFound(NO_DELIVERY)
    send_anew(delivery)
    note(session, principal, "event_subscription.redelivered", row.id, {"delivery_id": str(delivery_id)})
    await session.commit()
    return delivery


async def _enabled(session: AsyncSession, principal: Principal, subscription_id: UUID) -> EventSubscriptionRow:
    row = await _mine(session, principal, subscription_id)
    if not row.enabled:
        raise Conflict(DISABLED)
    row.rests_until = None
    return row


async def _mine(
    session: AsyncSession, principal: Principal, subscription_id: UUID, *, lock: bool = True
) -> EventSubscriptionRow:
    row = await get_subscription(session, principal.organization_id, subscription_id, lock=lock)
    if row is None:
        raise NotFound(NO_SUBSCRIPTION)
    return row


async def _check_campaign(session: AsyncSession, principal: Principal, campaign_id: UUID | None) -> None:
    if campaign_id is not None and await get_campaign(session, principal.organization_id, campaign_id) is None:
        raise NotFound("There is no campaign with this id.")


def _check_url(deps: Dependencies, url: str) -> None:
    try:
        check_written(url, allows_loopback=deps.settings.sends_events_to_loopback)
    except ValueError as error:
        raise Invalid("url", f"Nothing can be sent there: {error}.") from None


def _new_secret() -> str:
    return written_secret(secrets.token_bytes(SECRET_BYTES))


def _sealed(deps: Dependencies, secret: str) -> str:
    if deps.sealing is None:
        raise Conflict("Secrets can't be stored here yet; set LEADLINE_SECRETS_KEY for the API and start it again.")
    return deps.sealing.seal(secret)


def _audit(session: AsyncSession, principal: Principal, action: str, row: EventSubscriptionRow) -> None:
    """Addresses may hold secrets of others, so they aren't written."""
    details = {
        "enabled": row.enabled,
        "event_types": row.event_types,
        "campaign_id": None if row.campaign_id is None else str(row.campaign_id),
    }
    note(session, principal, action, row.id, details)
