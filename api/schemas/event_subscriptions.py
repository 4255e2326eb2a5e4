"""Systems that are told of events, and what they were told, as they come in and are answered."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from api.schemas.fields import Input, NotNull, OptionalText
from api.schemas.words import (
    DeliveryStatusWord,
    DisabledReasonWord,
    EventSubjectWord,
    EventTypeWord,
    SentEventTypeWord,
)
from domain.events import EventType
from storage.models import EventDeliveryRow, EventDeliveryTryRow, EventSubscriptionRow

LONGEST_URL = 2_000


def _without_repeats(types: list[EventType]) -> list[EventType]:
    return list(dict.fromkeys(types))


EventTypes = Annotated[list[EventType], Field(min_length=1), AfterValidator(_without_repeats)]
Url = Annotated[str, Field(min_length=1, max_length=LONGEST_URL, examples=["https://crm.example.com/leadline"])]


class EventSubscriptionInput(Input):
    """``url``: https, in the open internet. ``event_types``: all of them, also those that are added one day, unless
    some are named. ``campaign_id``: only what happens in this campaign.
    """

    url: Url
    event_types: EventTypes | None = None
    campaign_id: UUID | None = None
    description: OptionalText = None
    enabled: bool = True


class EventSubscriptionChange(Input):
    """What is named is changed; null clears what it may be without. Enabling begins anew: what failed is forgotten."""

    url: Annotated[Url | None, NotNull] = None
    event_types: EventTypes | None = None
    campaign_id: UUID | None = None
    description: OptionalText = None
    enabled: Annotated[bool | None, NotNull] = None


class EventSubscriptionAnswer(BaseModel):
    """``disabled_reason``: ``gone`` (the address answered 410) or ``failing`` (nothing came through for five days),
    where nobody disabled it by hand. ``failing_since``: nothing has come through since then.
    ``old_secret_until``: until then the secret before this one signs too.
    """

    id: UUID
    url: str
    event_types: list[EventTypeWord] | None
    campaign_id: UUID | None
    description: str | None
    enabled: bool
    disabled_reason: DisabledReasonWord | None
    disabled_at: datetime | None
    failing_since: datetime | None
    old_secret_until: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, row: EventSubscriptionRow) -> Self:
        return cls(**{name: getattr(row, name) for name in EventSubscriptionAnswer.model_fields})


class EventSubscriptionSecret(EventSubscriptionAnswer):
    """``secret``: what events are signed with. It is shown this once."""

    secret: str

    @classmethod
    def with_secret(cls, row: EventSubscriptionRow, secret: str) -> Self:
        return cls(secret=secret, **EventSubscriptionAnswer.of(row).model_dump())


class EventSubscriptionPage(BaseModel):
    items: list[EventSubscriptionAnswer]
    next_cursor: str | None


class DeliveryAnswer(BaseModel):
    """``webhook_id``: what the receiver gets as ``webhook-id``. ``event_type``: ``ping`` for a test. ``subject`` and
    ``subject_id``: what the event tells of; an ``attempt`` is a call of ours. ``tries``: since it was asked
    for last. ``status_code``, ``error`` and ``response`` (its first 1,024 bytes) are of the last try.
    """

    id: UUID
    webhook_id: str
    event_type: SentEventTypeWord
    subject: EventSubjectWord
    subject_id: UUID
    status: DeliveryStatusWord
    tries: int
    created_at: datetime
    last_try_at: datetime | None
    next_try_at: datetime | None
    delivered_at: datetime | None
    status_code: int | None
    error: str | None
    response: str | None
    duration_ms: int | None

    @classmethod
    def of(cls, row: EventDeliveryRow, webhook_id: str) -> Self:
        names = set(DeliveryAnswer.model_fields) - {"webhook_id"}
        return cls(webhook_id=webhook_id, **{name: getattr(row, name) for name in names})


class DeliveryPage(BaseModel):
    items: list[DeliveryAnswer]
    next_cursor: str | None


class DeliveryTryAnswer(BaseModel):
    """``round``: 1 for those that follow the event itself; whoever asks for a delivery again begins another.

    ``status_code``: what was answered, null where nobody answered. ``error``: why it was no success, null for one.
    ``duration_ms``: until the answer was read, or it was clear that there is none.
    """

    id: UUID
    round: int
    tried_at: datetime
    status_code: int | None
    error: str | None
    duration_ms: int | None

    @classmethod
    def of(cls, row: EventDeliveryTryRow) -> Self:
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class DeliveryTryPage(BaseModel):
    items: list[DeliveryTryAnswer]
    next_cursor: str | None
