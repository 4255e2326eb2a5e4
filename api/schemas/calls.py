"""Calls as they are answered: attempts to reach a lead, and those that came in."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from api.schemas.inbound_calls import InboundCallAnswer
from api.schemas.leads import AttemptAnswer, attempt_fields
from storage.call_lists import AnyCall, AnyListed, ListedCall
from storage.calls import CallRecord


class CallAnswer(AttemptAnswer):
    direction: Literal["outbound"] = "outbound"
    lead_id: UUID
    campaign_id: UUID
    number_pool_id: UUID
    phone_number: str
    created_at: datetime


class CallPage(BaseModel):
    items: list[CallAnswer | InboundCallAnswer]
    next_cursor: str | None


def call_answer(record: AnyCall | AnyListed) -> CallAnswer | InboundCallAnswer:
    if not isinstance(record, CallRecord | ListedCall):
        return InboundCallAnswer.of(record)
    attempt = record.attempt
    return CallAnswer(
        **attempt_fields(attempt),
        lead_id=attempt.lead_id,
        campaign_id=attempt.campaign_id,
        number_pool_id=attempt.number_pool_id,
        phone_number=record.phone_number,
        created_at=attempt.created_at,
    )
