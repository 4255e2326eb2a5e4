"""What the agent is told of earlier calls with the same person."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.conversation_memory import EarlierCall, conversation_memory
from domain.time_zones import load_zones
from storage.earlier_calls import EarlierCallRow, earlier_calls
from storage.models import CampaignRow, LeadRow


async def memory_of(session: AsyncSession, contact_id: UUID, lead: LeadRow, campaign: CampaignRow) -> str:
    """The text for ``conversation_memory``; empty where there is nothing to remember or the campaign wants none.

    One statement, and none at all for a campaign that wants none. The text is personal: it goes into the frozen request
    and nowhere else.
    """
    if campaign.memory_tokens <= 0:
        return ""
    calls = [_call(row) for row in await earlier_calls(session, contact_id)]
    return conversation_memory(calls, zone=load_zones(lead.time_zones)[0], most_tokens=campaign.memory_tokens)


def _call(row: EarlierCallRow) -> EarlierCall:
    return EarlierCall(
        began_at=row.began_at,
        came_in=row.came_in,
        ended_at=row.ended_at or row.began_at,
        outcome=row.outcome,
        disposition=row.disposition,
        summary=row.summary,
        transcript_end=row.transcript_end,
        callback_at=row.callback_at,
        appointment_at=row.appointment_at,
        appointment_written=row.appointment_written,
        custom=row.custom if isinstance(row.custom, Mapping) else {},
    )
