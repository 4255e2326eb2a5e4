"""The embedded Temporal server: what every start makes sure of, and what survives a kill."""

import asyncio
import signal
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import WorkflowExecutionStatus
from temporalio.common import SearchAttributePair, TypedSearchAttributes

from runtime.embedded.ports import free_port
from runtime.embedded.temporal_server import TemporalServer
from runtime.embedded.tether import tethered
from runtime.search_attributes import CAMPAIGN, ORGANIZATION, SEARCH_ATTRIBUTES
from runtime.settings import Settings
from runtime.temporal_client import TemporalAway, connect, connect_once
from tests.patience import PATIENCE_SECONDS


class Engine:
    """A server process that can be killed and started again on the same file."""

    def __init__(self, folder: Path) -> None:
        self.server = TemporalServer(
            database=folder / "temporal.db",
            namespace="default",
            port=free_port(),
            ui_port=free_port(),
            metrics_port=free_port(),
            http_port=free_port(),
        )
        self.process: subprocess.Popen[bytes] | None = None

    def spawn(self) -> None:
        command = tethered(self.server.command(), signal.SIGKILL)
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    async def start(self) -> None:
        self.spawn()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await self.server.is_ready():  # noqa: ASYNC110 - the server tells nobody when it is ready
                await asyncio.sleep(0.05)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = Engine(tmp_path_factory.mktemp("temporal"))
    yield engine
    engine.kill()


async def test_a_killed_engine_keeps_workflows_and_each_start_sets_up_its_namespace(engine: Engine) -> None:
    await engine.start()
    await engine.server.set_up_namespace(timedelta(days=30))
    client = await connect(engine.server.client_settings())
    handle = await client.start_workflow(
        "LeadCalling",
        id="lead-1",
        task_queue="nobody-listens",
        search_attributes=TypedSearchAttributes([SearchAttributePair(CAMPAIGN, "c1")]),
    )
    engine.kill()
    await engine.start()
    await engine.server.set_up_namespace(timedelta(days=7))

    after = await connect_once(engine.server.client_settings())
    description = await after.get_workflow_handle(handle.id).describe()
    assert description.status == WorkflowExecutionStatus.RUNNING
    assert description.typed_search_attributes[CAMPAIGN] == "c1"
    known = await after.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace="default"))
    assert {key.name for key in SEARCH_ATTRIBUTES} == {CAMPAIGN.name, ORGANIZATION.name} <= set(known.custom_attributes)
    namespace = await after.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="default"))
    assert namespace.config.workflow_execution_retention_ttl.ToTimedelta() == timedelta(days=7)


async def test_a_lazy_client_is_there_before_the_server_is() -> None:
    away = Settings(temporal_environment={"TEMPORAL_ADDRESS": f"127.0.0.1:{free_port()}"})
    assert (await connect(away, lazy=True)).namespace == "default"


async def test_an_engine_that_stays_away_is_named_by_its_address() -> None:
    port = free_port()
    away = Settings(temporal_environment={"TEMPORAL_ADDRESS": f"127.0.0.1:{port}"})
    with pytest.raises(TemporalAway, match=f"127.0.0.1:{port}"):
        await connect(away, attempts=2)
