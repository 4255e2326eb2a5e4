"""Webhooks: proven before anything is read, stored before they are answered, told to the engine afterwards."""

from dataclasses import dataclass
from uuid import UUID

import structlog

from activities.aftermath import tell, wake
from activities.inbox import Arrived, Taken
from api.dependencies import Dependencies
from api.problems import Problem, Unauthenticated
from runtime.settings import Settings
from storage.accounts import account_by_id
from storage.models import AccountRow
from telephony.payloads import MalformedWebhook, UnknownWebhookEvent, event_key, read_webhook
from telephony.webhook_signature import verify_signature

log = structlog.get_logger(__name__)


class Unreadable(Problem):
    """Signed, and yet no webhook: sending it again won't help."""

    status = 400
    title = "Not a webhook"


@dataclass(frozen=True, slots=True)
class SignedBody:
    body: bytes
    signature: str | None


async def take_webhook(deps: Dependencies, signed: SignedBody, account_id: UUID | None) -> None:
    """Verify, store and apply one webhook; what follows from it is done after the answer. Safe to repeat.

    Raises:
        Unauthenticated: the signature is bad, missing or stale; nothing was written.
        Unreadable: it is signed and no JSON.
    """
    now = deps.clock()
    account = await _account(deps, account_id)
    keys = () if account is None else _keys(deps.settings, account)
    if account is None or not verify_signature(signed.body, signed.signature, keys, now=now):
        raise Unauthenticated("The signature is missing, wrong, or more than five minutes old.")
    taken = await _store(deps, signed.body, account)
    deps.live_bell.ring(account.organization_id)
    tell(taken.aftermath.lines)
    if taken.aftermath.wake:
        deps.background.spawn(wake(deps.lead_workflows, taken.aftermath))
    if taken.forward is not None:
        deps.forwarding.forward(taken.forward)


async def _account(deps: Dependencies, account_id: UUID | None) -> AccountRow | None:
    default = (await deps.first_rows.ready()).account
    if account_id is None or account_id == default.id:
        return default
    async with deps.sessions() as session:
        return await account_by_id(session, account_id)


def _keys(settings: Settings, account: AccountRow) -> list[str]:
    """The keys that may have signed for this account; only the defaults' are known, from the environment."""
    if not account.is_default:
        return []
    if account.provider == "simulator":
        return [settings.simulator_key.get_secret_value()] if settings.simulator_key else []
    own = [settings.retell_api_key] if settings.retell_api_key else []
    return [key.get_secret_value() for key in (*own, *settings.retell_webhook_keys)]


async def _store(deps: Dependencies, body: bytes, account: AccountRow) -> Taken:
    try:
        webhook = read_webhook(body)
    except UnknownWebhookEvent as error:
        log.info("webhook_of_unknown_kind", kind=error.event)
        return Taken()
    except MalformedWebhook as error:
        raise Unreadable(f"The webhook can't be read: {error}.") from error
    return await deps.webhook_line.take(Arrived(account, webhook.facts, event_key(webhook.facts), webhook.text))
