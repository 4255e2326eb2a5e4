"""A lead without consent, or on an imported list, is dialled through neither gate."""

import asyncio

import pytest
from sqlalchemy import text

from activities.messages import CallFate
from domain.steps import Stop
from storage.do_not_call_lists import Holding, begin_import, put_numbers
from storage.models import LeadRow
from tests.activities.provider_edge import ProviderEdge, refuses
from tests.activities.stage import Clock, Stage
from tests.builders import Sessions, World, add_lead, change, reread
from tests.patience import PATIENCE_SECONDS

NUMBER = "+13125550123"
CONSENT = {"basis": "written"}
WAITING = text("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")


@pytest.fixture
async def lead(sessions: Sessions, world: World) -> LeadRow:
    return await add_lead(sessions, world, NUMBER, consent=CONSENT)


async def begin(sessions: Sessions, world: World) -> Holding:
    async with sessions.begin() as session:
        return await begin_import(session, world.organization.id, name="National", kind="registry", source=None)


async def put_on_a_list(sessions: Sessions, world: World) -> None:
    held = await begin(sessions, world)
    async with sessions.begin() as session:
        await put_numbers(session, held, [NUMBER])


async def until_somebody_waits(sessions: Sessions) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS), sessions() as watching:
        while await watching.scalar(WAITING) == 0:
            await watching.rollback()


async def test_a_lead_with_consent_is_dialled_where_consent_is_required(
    stage: Stage, sessions: Sessions, world: World, lead: LeadRow, provider: ProviderEdge
) -> None:
    await change(sessions, world.campaign, require_consent=True)
    await stage.place(await stage.dial(lead))
    assert len(provider.dialled) == 1


async def test_a_lead_whose_campaign_comes_to_require_consent_after_the_grant_is_not_dialled(
    stage: Stage, sessions: Sessions, world: World, provider: ProviderEdge
) -> None:
    lead = await add_lead(sessions, world, NUMBER)
    dial = await stage.dial(lead)
    await change(sessions, world.campaign, require_consent=True)
    assert await stage.place(dial) == CallFate(None, "the gate was closed")
    assert provider.dialled == []
    assert await stage.next_step(lead) == Stop("blocked: consent_missing")
    row = await reread(sessions, lead)
    assert (row.status, row.outcome, row.blocked_reason) == ("done", "blocked", "consent_missing")


async def test_a_lead_whose_consent_was_taken_back_after_the_grant_is_not_dialled(
    stage: Stage, sessions: Sessions, world: World, lead: LeadRow, provider: ProviderEdge
) -> None:
    await change(sessions, world.campaign, require_consent=True)
    dial = await stage.dial(lead)
    await change(sessions, lead, consent=None)
    await stage.place(dial)
    assert provider.dialled == []


async def test_a_number_on_an_imported_list_gets_no_slot(
    stage: Stage, sessions: Sessions, world: World, lead: LeadRow
) -> None:
    await put_on_a_list(sessions, world)
    assert await stage.next_step(lead) == Stop("blocked: do_not_call")
    assert (await reread(sessions, lead)).blocked_reason == "do_not_call"


async def test_a_number_that_comes_on_a_list_after_the_grant_is_not_dialled(
    stage: Stage, sessions: Sessions, world: World, lead: LeadRow, provider: ProviderEdge
) -> None:
    dial = await stage.dial(lead)
    await put_on_a_list(sessions, world)
    assert await stage.place(dial) == CallFate(None, "the gate was closed")
    assert provider.dialled == []
    assert await stage.next_step(lead) == Stop("blocked: do_not_call")


@pytest.mark.parametrize(
    ("listed", "requests"), [pytest.param(True, 1, id="on-a-list"), pytest.param(False, 2, id="on-none")]
)
async def test_a_dial_of_unknown_fate_is_not_repeated_to_a_number_that_came_on_a_list(
    stage: Stage,
    sessions: Sessions,
    world: World,
    lead: LeadRow,
    provider: ProviderEdge,
    clock: Clock,
    listed: bool,
    requests: int,
) -> None:
    dial = await stage.dial(lead)
    provider.dials = [refuses(500, "oops")]
    await stage.place(dial)
    if listed:
        await put_on_a_list(sessions, world)
    clock.forward(seconds=30)
    await stage.look_up(dial.attempt_id)
    assert len(provider.dialled) == requests


async def test_a_gate_that_comes_while_an_import_commits_waits_for_it_and_stays_closed(
    stage: Stage, sessions: Sessions, world: World, lead: LeadRow, provider: ProviderEdge
) -> None:
    dial = await stage.dial(lead)
    held = await begin(sessions, world)
    async with sessions.begin() as session:
        await put_numbers(session, held, [NUMBER])
        placing = asyncio.create_task(stage.place(dial))
        await until_somebody_waits(sessions)
        assert not placing.done()
    assert await placing == CallFate(None, "the gate was closed")
    assert provider.dialled == []
