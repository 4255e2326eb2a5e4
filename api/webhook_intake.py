"""Webhooks: proven before anything is read, stored before they are answered, told to the engine afterwards."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from activities import unknown_events
from activities.aftermath import tell, wake
from activities.inbox import Arrived, Taken
from api.dependencies import Dependencies
from api.inbound_answer import answer_inbound
from api.problems import Problem, Unauthenticated
from api.webhook_keys import keys_of_environment
from api.webhook_probe import PROBE, echo
from storage.models import AccountRow
from telephony.inbound_payloads import CALL_INBOUND
from telephony.payloads import MalformedWebhook, UnknownWebhookEvent, Webhook, event_key, read_webhook
from telephony.webhook_signature import is_fresh, verify_signature

log = structlog.get_logger(__name__)


class Unreadable(Problem):
    """Signed, and yet no webhook: sending it again won't help."""

    status = 400
    kind = "unreadable"
    title = "Not a webhook"


@dataclass(frozen=True, slots=True)
class SignedBody:
    body: bytes
    signature: str | None


async def take_webhook(deps: Dependencies, signed: SignedBody, account_id: UUID | None) -> dict[str, Any] | None:
    """Verify, store and apply one webhook; what follows from it is done after the answer. Safe to repeat.

    Returns:
        What is to be answered; None where nobody reads it.

    Raises:
        Unauthenticated: the signature is bad, missing or stale; nothing was written.
        Unreadable: it is signed and no JSON.
    """
    now = deps.clock()
    account = await _proven_account(deps, signed, account_id, now)
    try:
        webhook = read_webhook(signed.body)
    except UnknownWebhookEvent as unknown:
        return await _take_unknown(deps, account, unknown, now)
    except MalformedWebhook as error:
        raise Unreadable(f"The webhook can't be read: {error}.") from error
    _follow(deps, account, await deps.webhook_line.take(_arrived(account, webhook)))
    return None


def _follow(deps: Dependencies, account: AccountRow, taken: Taken) -> None:
    """What is left after the commit; nobody waits for the engine."""
    deps.live_bell.ring(account.organization_id)
    tell(taken.aftermath.lines)
    if taken.aftermath.wake:
        deps.background.spawn(wake(deps.lead_workflows, taken.aftermath))
    if taken.forward is not None:
        deps.forwarding.forward(taken.forward)


async def _proven_account(deps: Dependencies, signed: SignedBody, account_id: UUID | None, now: datetime) -> AccountRow:
    """The account that this address belongs to, where one of its keys has signed; nothing is written.

    The keys of the environment come first: what they have signed needs no database.
    """
    default = (await deps.first_rows.ready()).account
    if account_id is None or account_id == default.id:
        if verify_signature(signed.body, signed.signature, keys_of_environment(deps.settings, default), now=now):
            return default
        account_id = default.id
    if is_fresh(signed.signature, now=now):
        known = await deps.webhook_keys.of(account_id)
        own = [] if known.account is None else keys_of_environment(deps.settings, known.account)
        if known.account and verify_signature(signed.body, signed.signature, (*own, *known.keys), now=now):
            return known.account
    raise Unauthenticated("The signature is missing, wrong, or more than five minutes old.")


async def _take_unknown(
    deps: Dependencies, account: AccountRow, unknown: UnknownWebhookEvent, now: datetime
) -> dict[str, Any] | None:
    if unknown.event == CALL_INBOUND:
        return await answer_inbound(deps, account, unknown.payload)
    if unknown.event == PROBE:
        return echo(account, unknown.payload)
    async with deps.sessions.begin() as session:
        is_new = await unknown_events.keep(session, account, unknown, now=now)
    if is_new:
        log.info("webhook_of_unknown_kind", kind=unknown.event)
    return None


def _arrived(account: AccountRow, webhook: Webhook) -> Arrived:
    return Arrived(account, webhook.facts, event_key(webhook.facts), webhook.text)
