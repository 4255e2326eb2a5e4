"""What is asked all day goes by the same indexes behind the wall as before it, however many rows there are."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from storage.call_lists import CallFilter, list_all_calls
from storage.contacts import get_contact, is_listed
from storage.lead_lists import LeadFilter, list_leads, version_of_leads
from storage.leads import get_lead
from storage.live_calls import Interest
from storage.live_events import changes_since, live_now, where_we_are
from storage.models import LeadRow
from storage.organization_sessions import OrganizationSessions
from storage.pages import Cursor
from storage.versions import version_of_lead
from tests.builders import Sessions, World, add_world
from tests.storage.test_searching_leads import add_people, scans

ATTEMPTS = text(
    "insert into interaction_attempts (id, organization_id, lead_id, contact_id, campaign_id, number_pool_id,"
    " account_id, number, from_number, status, outcome, not_before, not_after, slot_released_at)"
    " select gen_random_uuid(), organization_id, id, contact_id, campaign_id, :pool_id, :account_id,"
    " 1, '+12125550101', 'done', 'answered', now(), now(), now() from leads"
)
LARGE = ("leads", "contacts", "interaction_attempts", "live_events")

NOW = datetime.now(UTC)
Ask = Callable[[AsyncSession, World], Awaitable[object]]


async def one_lead(session: AsyncSession, world: World) -> object:
    lead_id = await session.scalar(select(LeadRow.id).order_by(LeadRow.created_at.desc()).limit(1))
    assert lead_id is not None
    await version_of_lead(session, world.organization.id, lead_id)
    return await get_lead(session, world.organization.id, lead_id)


async def page_of_leads(session: AsyncSession, world: World) -> object:
    wanted = LeadFilter()
    await version_of_leads(session, world.organization.id, wanted, limit=50, after=None)
    return await list_leads(session, world.organization.id, wanted, limit=50, after=_later())


async def page_of_a_campaign(session: AsyncSession, world: World) -> object:
    wanted = LeadFilter(campaign_id=world.campaign.id, status="new")
    return await list_leads(session, world.organization.id, wanted, limit=50, after=_later())


async def page_of_calls(session: AsyncSession, world: World) -> object:
    wanted = CallFilter(campaign_id=world.campaign.id)
    return await list_all_calls(session, world.organization.id, wanted, limit=50, after=_later())


async def live_view(session: AsyncSession, world: World) -> object:
    await live_now(session, Interest(organization_id=world.organization.id))
    return await changes_since(session, await where_we_are(session), [world.organization.id])


async def a_number(session: AsyncSession, world: World) -> object:
    await is_listed(session, world.organization.id, "+12000007919")
    return await get_contact(session, world.organization.id, "+12000007919")


def _later() -> Cursor:
    return Cursor(NOW + timedelta(days=1), UUID(int=0))


ASKED: Sequence[Ask] = (one_lead, page_of_leads, page_of_a_campaign, page_of_calls, live_view, a_number)


async def test_no_question_of_every_day_goes_through_a_whole_table(sessions: Sessions) -> None:
    world, other = await add_world(sessions), await add_world(sessions)
    async with sessions.begin() as session:
        for one in (world, other):
            await add_people(session, one)
        await session.execute(ATTEMPTS, {"pool_id": world.pool.id, "account_id": world.account.id})
    async with sessions.begin() as session:
        await session.execute(text(f"analyze {', '.join(LARGE)}"))
    for ask in ASKED:
        async with OrganizationSessions(sessions, world.organization.id)() as session:
            assert await ask(session, world) is not None
            found = await scans(session)
        assert {name: found[name] for name in LARGE} == dict.fromkeys(LARGE, 0), ask
