"""Parts of names and numbers are found by indexes, however many leads there are."""

from collections.abc import Mapping

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from storage.lead_lists import LeadFilter, list_leads
from storage.organization_sessions import OrganizationSessions
from tests.builders import Sessions, World, add_lead, add_world

PEOPLE = 30_000
PARTS = ("ix_leads_name_parts", "ix_contacts_phone_number_parts")

CONTACTS = text(
    "insert into contacts (id, organization_id, phone_number)"
    " select gen_random_uuid(), :organization_id, '+1' || (cast(2000000000 as bigint) + 7919 * n)"
    " from generate_series(1, :people) n"
)
LEADS = text(
    "insert into leads (id, organization_id, campaign_id, contact_id, external_id, name, time_zones, time_zone_source,"
    " priority, custom_fields, status, run, earlier_attempts)"
    " select gen_random_uuid(), organization_id, :campaign_id, id, 'crm-' || phone_number, md5(phone_number),"
    " '{UTC}', 'explicit', 3, '{}', 'new', 1, 0 from contacts where organization_id = :organization_id"
)


@pytest.fixture
async def world(sessions: Sessions) -> World:
    return await add_world(sessions)


async def add_people(session: AsyncSession, world: World) -> None:
    ids = {"organization_id": world.organization.id, "campaign_id": world.campaign.id}
    await session.execute(CONTACTS, ids | {"people": PEOPLE})
    await session.execute(LEADS, ids)


async def scans(session: AsyncSession) -> Mapping[str, int]:
    """How often this transaction has gone through each table from one end to the other, and asked each index."""
    counted = text(
        "select relname, pg_stat_get_xact_numscans(oid) from pg_class"
        " where relkind in ('r', 'i') and relnamespace = 'public'::regnamespace"
    )
    return {row[0]: row[1] for row in await session.execute(counted)}


@pytest.mark.parametrize("q", ["d41d8c", "5553", "crm-+12000007919", "50%_\\"])
@pytest.mark.parametrize("is_walled", [True, False], ids=["behind-the-wall", "as-the-system"])
async def test_what_is_looked_for_among_many_is_found_by_indexes(
    sessions: Sessions, world: World, q: str, is_walled: bool
) -> None:
    async with sessions.begin() as session:
        await add_people(session, world)
        await session.execute(text("analyze contacts, leads"))
    async with sessions() as session:
        # What autovacuum does in time: until then these rows wait beside the indexes.
        for index in PARTS:
            await session.execute(text(f"select gin_clean_pending_list('{index}')"))
    inside = OrganizationSessions(sessions, world.organization.id) if is_walled else sessions
    async with inside() as session:
        await list_leads(session, world.organization.id, LeadFilter(q=q), limit=50, after=None)
        found = await scans(session)
    assert (found["leads"], found["contacts"]) == (0, 0)
    assert {name for name, count in found.items() if count} >= {*PARTS, "ix_leads_organization_id_external_id"}


@pytest.mark.parametrize(
    ("q", "found"),
    [
        pytest.param("lovel", ["Ada Lovelace"], id="part-of-a-name-in-any-case"),
        pytest.param("ADA", ["Ada Lovelace"], id="three-letters"),
        pytest.param("ce", ["Ada Lovelace"], id="two-letters"),
        pytest.param("5550102", ["Bob_100%"], id="part-of-a-number"),
        pytest.param("crm-7", ["Bob_100%"], id="a-whole-external-id"),
        pytest.param("crm-", [], id="no-part-of-an-external-id"),
        pytest.param("b_1", ["Bob_100%"], id="a-sign-that-means-anything-elsewhere"),
        pytest.param("o_1", [], id="that-means-itself-here"),
        pytest.param("0%", ["Bob_100%"], id="percent"),
        pytest.param("\\", [], id="backslash"),
    ],
)
async def test_a_lead_is_found_by_parts_of_its_name_and_number_and_by_its_external_id(
    sessions: Sessions, world: World, q: str, found: list[str]
) -> None:
    await add_lead(sessions, world, "+12125550101", name="Ada Lovelace")
    await add_lead(sessions, world, "+12125550102", name="Bob_100%", external_id="crm-7")
    elsewhere = await add_world(sessions)
    await add_lead(sessions, elsewhere, "+12125550102", name="Ada Lovelace", external_id="crm-7")
    async with sessions() as session:
        page = await list_leads(session, world.organization.id, LeadFilter(q=q), limit=10, after=None)
    assert [record.lead.name for record in page.items] == found
