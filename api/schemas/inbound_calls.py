"""Calls that came in, as they are answered."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel

from api.schemas.call_flags import Flag
from api.schemas.recordings import recording_url
from api.schemas.words import AttemptOutcomeWord, AttemptStatusWord, CallbackProblemWord
from storage.call_lists import ListedInboundCall
from storage.models import InboundCallRow

CENTS = Decimal(100)


class InboundCallAnswer(BaseModel):
    """Somebody rang. ``phone_number``: the caller's, as the provider wrote it; ``to_number``: the one that was rung.

    ``lead_id`` and ``campaign_id``: of the latest lead with that number, null where there is none. ``cost`` is in the
    currency's main unit. ``recording_url``: where the recording is heard, once it is kept.
    """

    id: UUID
    direction: Literal["inbound"] = "inbound"
    call_id: str
    lead_id: UUID | None
    campaign_id: UUID | None
    phone_number: str | None
    to_number: str | None
    status: AttemptStatusWord
    outcome: AttemptOutcomeWord | None
    disposition: str | None
    disconnection_reason: str | None
    callback_at: str | None
    callback_problem: CallbackProblemWord | None
    agent_version: int | None
    started_at: datetime | None
    ended_at: datetime | None
    duration_seconds: float | None
    transcript: str | None
    recording_url: str | None
    analysis: dict[str, Any] | None
    cost: float | None
    flags: list[Flag]
    created_at: datetime

    @classmethod
    def of(cls, row: InboundCallRow | ListedInboundCall) -> "InboundCallAnswer":
        fields = {name: getattr(row, name) for name in cls.model_fields if name not in _COMPUTED}
        return cls(
            **fields,
            phone_number=row.from_number,
            duration_seconds=None if row.duration_ms is None else row.duration_ms / 1000,
            cost=None if row.cost_cents is None else float(row.cost_cents / CENTS),
            recording_url=recording_url(row),
            flags=row.flags or [],
        )


_COMPUTED = frozenset({"direction", "phone_number", "duration_seconds", "cost", "recording_url", "flags"})
