"""What an agent is told of somebody who rings, right before it answers. Nothing is written down of it."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from activities.call_variables import call_variables
from activities.inbound import caller_of, lead_for
from activities.remembering import memory_of
from domain.ringing_back import INBOUND
from storage import contacts, inbound_calls
from storage.models import AccountRow, CampaignRow, LeadRow, NumberPoolRow
from telephony.inbound_payloads import InboundAnswer, InboundAsked


async def told_of_caller(
    session: AsyncSession, account: AccountRow, asked: InboundAsked, *, webhook_url: str, now: datetime
) -> InboundAnswer | None:
    """What is known of the caller by their latest lead; None where nobody knows the number.

    The agent of the lead's campaign answers where the campaign calls through this account; another account's agents
    aren't known here, and then the number's own agent answers with the same knowledge.

    Args:
        webhook_url: Where this account reports to.
    """
    number = caller_of(asked.from_number)
    contact = None if number is None else await contacts.get_contact(session, account.organization_id, number)
    lead = None if contact is None else await lead_for(session, account, contact.id)
    if contact is None or lead is None:
        return None
    campaign = await session.get_one(CampaignRow, lead.campaign_id)
    pool = await session.get_one(NumberPoolRow, campaign.number_pool_id)
    calls = await inbound_calls.count_attempts(session, lead.id)
    memory = await memory_of(session, contact.id, lead, campaign)
    told = {**call_variables(lead, campaign, calls, at=now, memory=memory), "call_direction": INBOUND}
    return _answer(campaign, lead, told, webhook_url, is_own_agent=pool.account_id == account.id)


def _answer(
    campaign: CampaignRow, lead: LeadRow, told: Mapping[str, str], webhook_url: str, *, is_own_agent: bool
) -> InboundAnswer:
    version = campaign.agent_version
    return InboundAnswer(
        webhook_url=webhook_url,
        metadata={"lead_id": str(lead.id), "campaign_id": str(campaign.id)},
        dynamic_variables=told,
        agent_id=campaign.agent_id if is_own_agent else None,
        agent_version=int(version) if version is not None and version.isdecimal() else version,
    )
