"""Webhooks of kinds that this version doesn't know: kept for one that does, and never applied."""

import json
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from storage import webhook_events
from storage.models import AccountRow
from storage.webhook_events import NewEvent
from telephony.bounded_payloads import bounded
from telephony.payloads import UnknownWebhookEvent

NO_CALL = ""
"""What stands for a call's id where the webhook names none."""


async def keep(session: AsyncSession, account: AccountRow, unknown: UnknownWebhookEvent, *, now: datetime) -> bool:
    """Keep a verified webhook; False when it is kept already. The caller commits. Safe to repeat."""
    event = NewEvent(
        organization_id=account.organization_id,
        account_id=account.id,
        event_key=unknown.key,
        event=unknown.event,
        call_id=unknown.call_id or NO_CALL,
        payload=json.dumps(bounded(unknown.payload)),
        forwarded_at=now,  # there is nobody to be told
    )
    return bool(await webhook_events.add_events(session, [event]))
