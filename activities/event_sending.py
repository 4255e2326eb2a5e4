"""One try to deliver an event: read, signed, sent, and noted.

The transaction that reads is over before anything is sent, and the one that notes begins afterwards.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from activities.event_metrics import Became, EventMetrics
from activities.event_payloads import EventPayloads
from domain.events import DeliveryStatus
from domain.standard_webhooks import signed_headers
from storage import event_deliveries, event_subscriptions
from storage.event_deliveries import Claim
from storage.event_subjects import is_erased
from storage.models import EventDeliveryRow, EventSubscriptionRow
from telephony.event_posting import EventPosting
from telephony.link_addresses import loopback_origin
from telephony.outside_http import OutsideError

log = structlog.get_logger(__name__)

USER_AGENT = "Leadline-Events/1"
DISABLED = "The subscription is disabled."
NO_SECRET = "The secret can't be opened here: LEADLINE_SECRETS_KEY is missing or another one; rotate the secret."  # noqa: S105 - what is said


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a try. ``error``: why there is no answer, or why it isn't a good one; None for a success."""

    claim: Claim
    delivery: EventDeliveryRow
    at: datetime
    duration: timedelta = timedelta()
    status_code: int | None = None
    response: str | None = None
    error: str | None = None

    @property
    def is_gone(self) -> bool:
        return self.status_code == HTTPStatus.GONE


class EventSender:
    """``unseal`` opens a stored secret and raises ``ValueError`` where it can't; None where nothing can be opened.

    ``allows_loopback``: addresses that name this machine may be sent to, which is for trying things out.
    """

    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        payloads: EventPayloads,
        posting: EventPosting,
        metrics: EventMetrics,
        clock: Callable[[], datetime],
        *,
        unseal: Callable[[str], str] | None,
        allows_loopback: bool = False,
    ) -> None:
        self._sessions = sessions
        self._payloads = payloads
        self._posting = posting
        self._metrics = metrics
        self._clock = clock
        self._unseal = unseal
        self._allows_loopback = allows_loopback

    async def send(self, claim: Claim) -> Tried | None:
        """Try once; what came of it isn't noted yet. None: there is nothing to send (any more)."""
        async with self._sessions() as session:
            found = await event_deliveries.to_send(session, claim)
            if found is None or found[1] is None:
                return None
            delivery, subscription = found[0], found[1]
            body = await self._payloads.body(session, delivery) if subscription.enabled else b""
        if subscription.enabled:
            return await self._post(claim, delivery, subscription, body)
        if delivery.status == DeliveryStatus.RETRYING:
            async with self._sessions.begin() as session:
                await event_deliveries.give_up(session, claim, DISABLED)
        return None

    async def note(self, tried: Tried, *, failed: Mapping[str, Any]) -> Became:
        """Write what came of a try. ``failed``: what else is written where it failed."""
        values = {**_outcome(tried), **(_succeeded(tried) if tried.error is None else failed)}
        delivery, reason = tried.delivery, None
        async with self._sessions.begin() as session:
            if tried.response and await is_erased(session, delivery.subject, delivery.subject_id, lock=True):
                values["response"] = None
            if not await event_deliveries.note_try(session, tried.claim, values):
                return Became.OVER
            if tried.error is None:
                await event_subscriptions.note_success(session, delivery.subscription_id)
            else:
                reason = await event_subscriptions.note_failure(
                    session, delivery.subscription_id, is_gone=tried.is_gone, now=self._clock()
                )
        if reason is not None:
            self._metrics.count_disabled(reason)
            log.warning("event_subscription_disabled", subscription_id=str(delivery.subscription_id), reason=reason)
        became = Became.DELIVERED if tried.error is None else Became.FAILED
        self._metrics.count(became)
        return became

    async def _post(
        self, claim: Claim, delivery: EventDeliveryRow, subscription: EventSubscriptionRow, body: bytes
    ) -> Tried:
        now, began = self._clock(), time.monotonic()
        tried = Tried(claim, delivery, now)
        try:
            secrets = self._secrets(subscription, now)
        except ValueError:
            log.error("event_secret_unreadable", subscription_id=str(subscription.id))
            return replace(tried, error=NO_SECRET)
        headers = {
            **signed_headers(delivery.id, body, secrets, now=now),
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
        }
        trusted = loopback_origin(subscription.url) if self._allows_loopback else None
        try:
            answer = await self._posting.post(subscription.url, body, headers, trusted_origin=trusted)
        except OutsideError as error:
            return replace(tried, error=f"Not answered: {error}.", duration=_since(began))
        is_good = HTTPStatus.OK <= answer.status_code < HTTPStatus.MULTIPLE_CHOICES
        return replace(
            tried,
            status_code=answer.status_code,
            response=answer.response or None,
            error=None if is_good else f"Answered {answer.status_code}.",
            duration=_since(began),
        )

    def _secrets(self, subscription: EventSubscriptionRow, now: datetime) -> Sequence[str]:
        """The newest first; the one before it while it still signs."""
        if self._unseal is None:
            msg = "nothing can be opened here"
            raise ValueError(msg)
        sealed = [subscription.sealed_secret]
        until = subscription.old_secret_until
        if subscription.old_sealed_secret is not None and until is not None and until > now:
            sealed.append(subscription.old_sealed_secret)
        return [self._unseal(one) for one in sealed]


def _outcome(tried: Tried) -> dict[str, Any]:
    return {
        "last_try_at": tried.at,
        "status_code": tried.status_code,
        "response": tried.response,
        "error": tried.error,
        "duration_ms": tried.duration // timedelta(milliseconds=1),
    }


def _succeeded(tried: Tried) -> dict[str, Any]:
    now = tried.at + tried.duration
    return {"status": DeliveryStatus.DELIVERED, "delivered_at": now, "next_try_at": None, "claimed_until": None}


def _since(began: float) -> timedelta:
    return timedelta(seconds=time.monotonic() - began)
