"""What is sent of an event: the lead or the call as the API answers it, as it stands at that moment."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from domain.events import EventSubject
from storage.calls import CallRecord
from storage.event_subjects import call_of, is_erased
from storage.leads import LeadRecord, get_lead
from storage.models import EventDeliveryRow, InboundCallRow


class Shown(Protocol):
    """How the API shows things, which is its own business; only what JSON knows."""

    def lead(self, record: LeadRecord) -> Mapping[str, Any]: ...

    def call(self, record: CallRecord | InboundCallRow) -> Mapping[str, Any]: ...


class EventPayloads:
    def __init__(self, shown: Shown) -> None:
        self._shown = shown

    async def body(self, session: AsyncSession, delivery: EventDeliveryRow) -> bytes:
        """``{"type", "timestamp", "data"}`` as it goes over the wire."""
        written = {
            "type": delivery.event_type,
            "timestamp": _written(delivery.created_at),
            "data": await self._data(session, delivery),
        }
        return json.dumps(written, ensure_ascii=False, separators=(",", ":")).encode()

    async def _data(self, session: AsyncSession, delivery: EventDeliveryRow) -> Mapping[str, Any]:
        """Of a person who was erased nothing is told but that, and by which id they were known."""
        if delivery.subject == EventSubject.SUBSCRIPTION:
            return {"subscription_id": str(delivery.subject_id)}
        if not await is_erased(session, delivery.subject, delivery.subject_id):
            if delivery.subject == EventSubject.LEAD:
                lead = await get_lead(session, delivery.organization_id, delivery.subject_id)
                if lead is not None:
                    return self._shown.lead(lead)
            call = await call_of(session, delivery)
            if call is not None:
                return self._shown.call(call)
        return {"id": str(delivery.subject_id), "erased": True}


def _written(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
