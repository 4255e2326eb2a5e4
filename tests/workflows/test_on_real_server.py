"""Whole lives of leads on the real server, through stops of the worker and of the engine."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from temporalio.client import Client

from activities.lead_workflows import LeadWorkflows
from runtime.embedded.ports import free_port
from storage.attempts import attempt_id
from storage.hanging_up import hang_up_all
from tests.builders import Sessions, World, add_lead, add_world, reread
from tests.patience import PATIENCE_SECONDS
from tests.workflows.real_life import WHOLE_CALL, Life, eventually, real_server, result


async def test_a_lead_that_answers_is_reached(life: Life, sessions: Sessions) -> None:
    async with life.worker():
        handle = await life.start()
        await life.is_dialled(1)
        await life.report(1, "user_hangup", *WHOLE_CALL)
        assert await result(handle) == "reached"
    assert (await reread(sessions, life.lead)).outcome == "reached"


async def test_a_lead_that_does_not_answer_is_tried_again_and_reached(life: Life, sessions: Sessions) -> None:
    async with life.worker():
        handle = await life.start()
        await life.is_dialled(1)
        await life.report(1, "dial_no_answer", *WHOLE_CALL)
        await life.is_dialled(2)
        await life.report(2, "user_hangup", *reversed(WHOLE_CALL))
        assert await result(handle) == "reached"
    assert len(life.provider.dialled) == 2


async def test_a_worker_that_stops_in_mid_call_is_followed_by_one_that_goes_on(life: Life) -> None:
    async with life.worker():
        handle = await life.start()
        await life.is_dialled(1)
    await life.report(1, "user_hangup", *WHOLE_CALL)
    async with life.worker():
        assert await result(handle) == "reached"
    assert len(life.provider.dialled) == 1


async def test_a_call_that_alone_is_to_be_hung_up_is_ended_at_once_and_its_lead_goes_on(
    life: Life, client: Client, sessions: Sessions
) -> None:
    """Also while the request for it is still under way."""
    async with life.worker():
        handle = await life.start()
        await life.is_dialled(1)
        async with sessions.begin() as session:
            ending = await hang_up_all(session, life.lead.organization_id, now=datetime.now(UTC))
        assert [(call.lead_id, call.run) for call in ending] == [(life.lead.id, 1)]
        await LeadWorkflows(client, str(life.lead.id)).wake(life.lead.id, 1, "hang up")
        await eventually(lambda: life.provider.stopped == [f"call_{attempt_id(life.lead.id, 1)}"])
        await life.report(1, "dial_no_answer", *WHOLE_CALL)
        await life.is_dialled(2)
        await life.report(2, "user_hangup", *WHOLE_CALL)
        assert await result(handle) == "reached"
    assert len(life.provider.stopped) == 1


async def test_an_engine_that_restarts_in_mid_call_goes_on_where_it_was(
    sessions: Sessions, world: World, tmp_path: Path
) -> None:
    port, file = free_port(), tmp_path / "temporal.db"
    async with real_server(port, file) as client:
        life = Life(client, sessions, world, await add_lead(sessions, world))
        async with life.worker():
            handle = await life.start()
            await life.is_dialled(1)
    async with real_server(port, file) as client:
        after = Life(client, sessions, world, life.lead)
        async with after.worker():
            await after.report(1, "user_hangup", *WHOLE_CALL)
            again = client.get_workflow_handle(handle.id, result_type=str)
            assert await result(again) == "reached"
    assert (len(life.provider.dialled), after.provider.dialled) == (1, [])


async def test_a_lead_of_a_campaign_with_any_name_is_started_and_says_whose_it_is(
    client: Client, sessions: Sessions
) -> None:
    world = await add_world(sessions, name="*Ünal* & [Söhne](http://a.example) " + "ü😀" * 500)
    life = Life(client, sessions, world, await add_lead(sessions, world))
    handle = await life.start()
    described = await handle.describe()
    assert (await described.static_summary() or "").startswith(r"Lead of \*Ünal\* \& \[Söhne\](http\://a.example) ü😀")
    assert r"the campaign **\*Ünal\*" in (await described.static_details() or "")


async def test_leads_are_found_in_the_engine_by_their_campaign_and_organization(life: Life, client: Client) -> None:
    handle = await life.start()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await found(client, f"LeadlineCampaign = '{life.lead.campaign_id}'"):
            pass
    both = f"LeadlineCampaign = '{life.lead.campaign_id}' and LeadlineOrganization = '{life.lead.organization_id}'"
    assert await found(client, both) == [handle.id]
    assert await found(client, f"LeadlineCampaign = '{life.lead.organization_id}'") == []


async def found(client: Client, query: str) -> list[str]:
    return [execution.id async for execution in client.list_workflows(query)]
