"""Systems of the organisation that are told of events."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api import event_actions
from api.dependencies import Admin, Deps, Reader, Session
from api.once import AdminOnce, AdminOnceSecret
from api.paging import PagingQuery, written
from api.problem_answers import may_answer
from api.schemas.event_subscriptions import (
    DeliveryAnswer,
    DeliveryPage,
    DeliveryTryAnswer,
    DeliveryTryPage,
    EventSubscriptionAnswer,
    EventSubscriptionChange,
    EventSubscriptionInput,
    EventSubscriptionPage,
    EventSubscriptionSecret,
)
from domain.events import DeliveryStatus, EventType
from domain.standard_webhooks import message_id
from storage.event_deliveries import DeliveryFilter, deliveries_page
from storage.event_subscriptions import subscriptions_page
from storage.event_tries import tries_page
from storage.models import EventDeliveryRow

router = APIRouter(prefix="/api/v1/event-subscriptions", tags=["events"])


def _delivery(row: EventDeliveryRow) -> DeliveryAnswer:
    return DeliveryAnswer.of(row, message_id(row.id))


async def delivery_filter(
    status: DeliveryStatus | None = None, event_type: EventType | Literal["ping"] | None = None
) -> DeliveryFilter:
    return DeliveryFilter(status=status, event_type=event_type)


@router.post("", status_code=201, responses=may_answer(404, 409))
async def post_subscription(
    body: EventSubscriptionInput, principal: AdminOnceSecret, session: Session, deps: Deps
) -> EventSubscriptionSecret:
    """Events from now on are sent to the address, signed as Standard Webhooks say."""
    return EventSubscriptionSecret.with_secret(*await event_actions.make(deps, session, principal, body))


@router.get("")
async def get_subscriptions(principal: Reader, session: Session, page: PagingQuery) -> EventSubscriptionPage:
    found = await subscriptions_page(session, principal.organization_id, limit=page.limit, after=page.after)
    items = [EventSubscriptionAnswer.of(row) for row in found.items]
    return EventSubscriptionPage(items=items, next_cursor=written(found.next_cursor))


@router.get("/{subscription_id}")
async def get_subscription(subscription_id: UUID, principal: Reader, session: Session) -> EventSubscriptionAnswer:
    return EventSubscriptionAnswer.of(await event_actions.read(session, principal, subscription_id))


@router.patch("/{subscription_id}")
async def patch_subscription(
    subscription_id: UUID, body: EventSubscriptionChange, principal: Admin, session: Session, deps: Deps
) -> EventSubscriptionAnswer:
    row = await event_actions.change(deps, session, principal, subscription_id, body)
    return EventSubscriptionAnswer.of(row)


@router.delete("/{subscription_id}", status_code=204)
async def delete_subscription(subscription_id: UUID, principal: Admin, session: Session) -> Response:
    await event_actions.delete(session, principal, subscription_id)
    return Response(status_code=204)


@router.post("/{subscription_id}/rotate-secret", responses=may_answer(409))
async def post_rotation(
    subscription_id: UUID, principal: AdminOnceSecret, session: Session, deps: Deps
) -> EventSubscriptionSecret:
    """The secret before this one goes on signing beside it for 24 hours."""
    made = await event_actions.rotate_secret(deps, session, principal, subscription_id)
    return EventSubscriptionSecret.with_secret(*made)


@router.post("/{subscription_id}/test", status_code=202, responses=may_answer(409))
async def post_test(subscription_id: UUID, principal: AdminOnce, session: Session) -> DeliveryAnswer:
    """Sends an event of the type `ping`; what became of it is among the deliveries a moment later."""
    return _delivery(await event_actions.ping(session, principal, subscription_id))


@router.get("/{subscription_id}/deliveries")
async def get_deliveries(
    subscription_id: UUID,
    principal: Reader,
    session: Session,
    page: PagingQuery,
    wanted: Annotated[DeliveryFilter, Depends(delivery_filter)],
) -> DeliveryPage:
    """What was sent in the last 30 days, and what still is to be, the newest first."""
    await event_actions.read(session, principal, subscription_id)
    found = await deliveries_page(
        session, principal.organization_id, subscription_id, wanted, limit=page.limit, after=page.after
    )
    return DeliveryPage(items=[_delivery(row) for row in found.items], next_cursor=written(found.next_cursor))


@router.get("/{subscription_id}/deliveries/{delivery_id}/tries")
async def get_tries(
    subscription_id: UUID, delivery_id: UUID, principal: Reader, session: Session, page: PagingQuery
) -> DeliveryTryPage:
    """Every try to deliver the event, the newest first; the newest 100 are kept, for as long as the delivery."""
    delivery = await event_actions.read_delivery(session, principal, subscription_id, delivery_id)
    found = await tries_page(session, delivery.id, limit=page.limit, after=page.after)
    return DeliveryTryPage(
        items=[DeliveryTryAnswer.of(row) for row in found.items], next_cursor=written(found.next_cursor)
    )


@router.post("/{subscription_id}/deliveries/{delivery_id}/redeliver", status_code=202, responses=may_answer(409))
async def post_redelivery(
    subscription_id: UUID, delivery_id: UUID, principal: AdminOnce, session: Session
) -> DeliveryAnswer:
    """Sends an event again, whatever became of it, with what it tells of as it stands now."""
    return _delivery(await event_actions.redeliver(session, principal, subscription_id, delivery_id))
