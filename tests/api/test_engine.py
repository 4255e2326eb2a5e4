"""What the API tells a real Temporal server."""

import shutil
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio import workflow
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker
from typing_extensions import override

from activities.lead_workflows import SEARCH_ATTRIBUTES, LeadWorkflows
from api.engine import AT_ONCE, Engine
from storage.models import LeadRow
from tests.activities.engine_edge import EngineEdge


@pytest.fixture(scope="session")
async def temporal() -> AsyncIterator[Client]:
    program = shutil.which("temporal", path=str(Path(sys.executable).parent))
    environment = await WorkflowEnvironment.start_local(
        dev_server_existing_path=program, search_attributes=list(SEARCH_ATTRIBUTES), dev_server_log_level="error"
    )
    async with environment:
        yield environment.client


@pytest.fixture
async def client(make_app: Callable[[Client], FastAPI], temporal: Client) -> AsyncIterator[httpx.AsyncClient]:
    app = make_app(temporal)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://leadline") as client:
        form = {"username": "admin@localhost", "password": "correct horse"}
        token = (await client.post("/api/v1/auth/token", data=form)).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client
    await app.state.dependencies.background.drain(timeout_seconds=5)


async def test_a_lead_that_was_taken_runs_as_a_workflow(
    client: httpx.AsyncClient, temporal: Client, sessions: async_sessionmaker[AsyncSession]
) -> None:
    lead = (await client.post("/api/v1/leads", json={"phone_number": "+12125550123", "name": "Ada"})).json()
    description = await temporal.get_workflow_handle(f"lead-{lead['id']}").describe()
    assert description.status is WorkflowExecutionStatus.RUNNING
    assert await description.static_summary() == "Lead of Default (simulator)"
    async with sessions() as session:
        assert (await session.get_one(LeadRow, lead["id"])).handed_over_at is not None


async def test_a_batch_is_handed_over(
    client: httpx.AsyncClient, temporal: Client, sessions: async_sessionmaker[AsyncSession]
) -> None:
    leads = [{"phone_number": f"+121255501{n:02}"} for n in range(5)]
    items = (await client.post("/api/v1/leads/batch", json={"leads": leads})).json()["items"]
    async with sessions() as session:
        rows = [await session.get_one(LeadRow, item["lead"]["id"]) for item in items]
    assert all(row.handed_over_at is not None for row in rows)


async def test_of_a_batch_those_who_may_be_called_now_are_handed_over_before_those_of_tomorrow(
    client: httpx.AsyncClient, temporal: Client
) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    later = [{"phone_number": f"+121255501{n:02}", "not_before": tomorrow} for n in range(30)]
    leads = [*later, *({"phone_number": f"+131255501{n:02}"} for n in range(30))]
    items = (await client.post("/api/v1/leads/batch", json={"leads": leads})).json()["items"]
    handles = [temporal.get_workflow_handle(f"lead-{item['lead']['id']}") for item in items]
    started = [(await handle.describe()).start_time for handle in handles]
    first_ten = sorted(range(60), key=lambda place: started[place])[:10]
    assert min(first_ten) >= 30


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        pytest.param("/api/v1/leads/{id}/cancel", {}, "cancelled", id="cancelled"),
        pytest.param("/api/v1/do-not-call", {"phone_number": "+12125550123"}, "do_not_call", id="do-not-call"),
    ],
)
async def test_a_lead_is_woken_when_it_may_not_be_called_any_more(
    client: httpx.AsyncClient, temporal: Client, path: str, body: dict[str, str], reason: str
) -> None:
    lead = (await client.post("/api/v1/leads", json={"phone_number": "+12125550123"})).json()
    assert (await client.post(path.format(id=lead["id"]), json=body)).is_success
    history = await temporal.get_workflow_handle(f"lead-{lead['id']}").fetch_history()
    signals = [event.workflow_execution_signaled_event_attributes for event in history.events]
    (signal,) = [signal for signal in signals if signal.signal_name]
    assert signal.signal_name == "wake"
    assert reason.encode() in signal.input.payloads[0].data


async def test_with_everything_there_it_is_ready(client: httpx.AsyncClient) -> None:
    answer = await client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "database": "ok", "temporal": "ok"}


async def test_what_a_process_left_behind_is_handed_over_by_the_next_one(
    admin: httpx.AsyncClient,
    make_app: Callable[[Client], FastAPI],
    temporal: Client,
    sessions: async_sessionmaker[AsyncSession],
) -> None:
    leads = [{"phone_number": f"+121255501{n:02}"} for n in range(3)]
    taken = (await admin.post("/api/v1/leads/batch", json={"leads": leads})).json()
    ids = [item["lead"]["id"] for item in taken["items"]]
    async with sessions() as session:
        assert [(await session.get_one(LeadRow, lead_id)).handed_over_at for lead_id in ids] == [None] * 3

    next_one = make_app(temporal)
    async with next_one.router.lifespan_context(next_one):
        pass
    for lead_id in ids:
        description = await temporal.get_workflow_handle(f"lead-{lead_id}").describe()
        assert description.status is WorkflowExecutionStatus.RUNNING
    async with sessions() as session:
        assert None not in [(await session.get_one(LeadRow, lead_id)).handed_over_at for lead_id in ids]


@workflow.defn(sandboxed=False)
class Idle:
    @workflow.run
    async def run(self) -> None:
        """Whoever has run it has asked for work."""


async def test_who_asked_for_work_of_late_is_counted(
    temporal: Client, sessions: async_sessionmaker[AsyncSession]
) -> None:
    queue = f"queue-{uuid4()}"
    workflows = LeadWorkflows(temporal, queue)
    ahead = timedelta(0)
    engine = Engine(temporal, workflows, sessions, lambda: datetime.now(UTC) + ahead)
    assert await engine.workers(queue) == 0
    async with Worker(temporal, task_queue=queue, workflows=[Idle], identity="the worker"):
        await temporal.execute_workflow(Idle.run, id=queue, task_queue=queue)
        assert await engine.workers(queue) == 1
    ahead = timedelta(minutes=2)
    assert await engine.workers(queue) == 0


class Refusing(EngineEdge):
    """An engine that is away for one of many."""

    def __init__(self, refused: str) -> None:
        super().__init__()
        self._refused = refused

    @override
    def reach(self, workflow_id: str) -> None:
        if workflow_id == self._refused:
            raise RPCError("no route to the server", RPCStatusCode.UNAVAILABLE, b"")


async def test_of_many_that_are_woken_one_that_fails_keeps_no_other_from_it(
    sessions: async_sessionmaker[AsyncSession],
) -> None:
    runs = [(uuid4(), 1) for _ in range(3 * AT_ONCE)]
    edge = Refusing(f"lead-{runs[0][0]}")
    edge_client = await Client.connect("127.0.0.1:1", lazy=True, interceptors=[edge])
    engine = Engine(edge_client, LeadWorkflows(edge_client, "leads"), sessions, lambda: datetime.now(UTC))
    await engine.wake_many(runs, "hang up")
    assert {name for name, _ in edge.signals} == {f"lead-{lead_id}" for lead_id, _ in runs[1:]}
