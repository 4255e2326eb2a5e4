"""What leads bring along, over many of them."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.vocabulary import LeadStatus
from storage.literals import written_out
from storage.models import LeadRow


async def leads_without(
    session: AsyncSession, campaign_id: UUID, names: Sequence[str]
) -> Mapping[str, tuple[int, int]]:
    """For each field: how many of the campaign's leads that aren't done lack it or have null there, and of how many."""
    open_lead = (LeadRow.campaign_id == campaign_id, LeadRow.status != written_out(LeadStatus.DONE))
    lacking = [func.count().filter(LeadRow.custom_fields[name].astext.is_(None)) for name in names]
    row = (await session.execute(select(func.count(), *lacking).where(*open_lead))).one()
    return {name: (row[place], row[0]) for place, name in enumerate(names, start=1)}
