"""Whole lives of leads: the real server, the real database, the worker as it is composed; only the phone is made up."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from temporalio.client import Client, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from activities import inbox
from activities.lead_workflows import SEARCH_ATTRIBUTES, LeadToStart, LeadWorkflows
from domain.calls import CallEvent, CallFacts
from runtime.embedded.ports import free_port
from runtime.settings import Settings
from storage.attempts import attempt_id
from storage.models import LeadRow
from telephony.retell_client import RetellProvider
from tests.activities.provider_edge import ProviderEdge
from tests.builders import ALWAYS, Sessions, World, add_lead, add_world, reread
from tests.migrated_database import database_template, sessions
from worker import build_worker

__all__ = ["database_template", "sessions"]

TEMPORAL = Path(sys.executable).parent / "temporal"
PATIENCE_SECONDS = 30
FEW_EVENTS = 27
"""What the embedded engine keeps up with at 50,000 lives an hour; a life with one answered call takes 21 today."""


@asynccontextmanager
async def real_server(port: int | None = None, file: Path | None = None) -> AsyncIterator[Client]:
    environment = await WorkflowEnvironment.start_local(
        port=port,
        dev_server_existing_path=str(TEMPORAL),
        dev_server_database_filename=None if file is None else str(file),
        data_converter=pydantic_data_converter,
        search_attributes=SEARCH_ATTRIBUTES,
    )
    async with environment:
        yield environment.client


@pytest.fixture(scope="module")
async def client() -> AsyncIterator[Client]:
    async with real_server() as client:
        yield client


@pytest.fixture
async def world(sessions: Sessions) -> World:
    return await add_world(sessions, windows=ALWAYS, calling_rules="off", retry_delays={"no_answer": [1]})


class Life:
    """One lead, its workflow, and those who call and report."""

    def __init__(self, client: Client, sessions: Sessions, world: World, lead: LeadRow) -> None:
        self.provider = ProviderEdge()
        self._client = client
        self._sessions = sessions
        self._world = world
        self.lead = lead
        self._workflows = LeadWorkflows(client, str(lead.id))

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[None]:
        settings = Settings.model_validate({"LEADLINE_TASK_QUEUE": str(self.lead.id)})
        async with httpx.AsyncClient(transport=httpx.MockTransport(self.provider)) as http:
            providers = {"simulator": RetellProvider("key_of_tests", "https://provider.example.com", http)}
            worker, _ = build_worker(self._client, self._sessions, providers, settings)
            async with worker:
                yield

    async def start(self) -> WorkflowHandle[object, str]:
        campaign, lead = self._world.campaign, self.lead
        await self._workflows.start(LeadToStart(lead.id, 1, campaign.id, campaign.name, lead.organization_id))
        return self._client.get_workflow_handle(f"lead-{lead.id}", result_type=str)

    async def is_dialled(self, times: int) -> None:
        await eventually(lambda: len(self.provider.dialled) == times)

    async def report(self, number: int, reason: str, *events: CallEvent) -> None:
        """The provider's webhooks for one attempt, taken as the API takes them."""
        attempt = attempt_id(self.lead.id, number)
        for event in events:
            facts = self._facts(attempt, event, reason)
            async with self._sessions.begin() as session:
                taken = await inbox.take(
                    session,
                    self._world.account,
                    facts,
                    event_key=f"{event}:{facts.call_id}",
                    payload={},
                    now=datetime.now(UTC),
                )
            if taken.forward is not None:
                await inbox.forward(self._sessions, self._workflows, taken.forward, now=datetime.now(UTC))

    def _facts(self, attempt: UUID, event: CallEvent, reason: str) -> CallFacts:
        is_over = event is not CallEvent.STARTED
        return CallFacts(
            event=event,
            call_id=f"call_{attempt}",
            attempt_id=attempt,
            ended=is_over,
            analyzed=event is CallEvent.ANALYZED,
            disconnection_reason=reason if is_over else None,
        )


WHOLE_CALL = (CallEvent.STARTED, CallEvent.ENDED, CallEvent.ANALYZED)


async def eventually(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds():  # noqa: ASYNC110  (what is waited for happens in another process)
            await asyncio.sleep(0.02)


async def result(handle: WorkflowHandle[object, str]) -> str:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await handle.result()


@pytest.fixture
async def life(client: Client, sessions: Sessions, world: World) -> Life:
    canaries = {"custom_fields": {"pet": "Canary-Goldfish"}, "name": "Canary Lovelace", "source": "Canary-Source"}
    return Life(client, sessions, world, await add_lead(sessions, world, "+13125550177", **canaries))


async def test_a_lead_that_answers_is_reached_in_few_events_that_hold_nothing_personal(
    life: Life, sessions: Sessions
) -> None:
    async with life.worker():
        handle = await life.start()
        await life.is_dialled(1)
        await life.report(1, "user_hangup", *WHOLE_CALL)
        assert await result(handle) == "reached"
    assert (await reread(sessions, life.lead)).outcome == "reached"
    assert b"Canary-Goldfish" in life.provider.dialled[0]
    history = await handle.fetch_history()
    assert len(history.events) <= FEW_EVENTS
    described = (await handle.describe()).raw_description.SerializeToString()
    written = described + b"".join(event.SerializeToString() for event in history.events)
    assert str(life.lead.id).encode() in written
    assert [canary for canary in (b"Canary", b"Lovelace", b"5550177", b"key_of_tests") if canary in written] == []


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
