"""The embedded Temporal server: the real one, on SQLite, from the Python environment."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from google.protobuf.duration_pb2 import Duration
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, UpdateNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from runtime.embedded.ports import LOOPBACK
from runtime.search_attributes import ensure_search_attributes
from runtime.settings import Settings
from runtime.temporal_client import connect_once

# Together worth three times the throughput on a file; a killed server loses nothing.
SQLITE_PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL")


@dataclass(frozen=True, slots=True)
class TemporalServer:
    """Where the server listens and keeps its state. Two servers on one file would ruin it: hold the home's lock."""

    database: Path
    namespace: str
    port: int
    ui_port: int
    metrics_port: int
    http_port: int

    @property
    def address(self) -> str:
        """Host and port for clients."""
        return f"{LOOPBACK}:{self.port}"

    def command(self) -> list[str]:
        """The command line; SIGTERM stops the server within two seconds."""
        pragmas = [part for pragma in SQLITE_PRAGMAS for part in ("--sqlite-pragma", pragma)]
        return [
            *(str(Path(sys.executable).parent / "temporal"), "server", "start-dev"),
            *("--ip", LOOPBACK, "--port", str(self.port), "--ui-port", str(self.ui_port)),
            *("--metrics-port", str(self.metrics_port), "--http-port", str(self.http_port)),
            *("--db-filename", str(self.database), *pragmas),
            *("--namespace", self.namespace, "--log-level", "warn"),
        ]

    def client_settings(self) -> Settings:
        """Settings that lead to this server and to no other."""
        return Settings(temporal_environment=self.environment())

    def environment(self) -> Mapping[str, str]:
        """What a program needs in its environment to reach this server."""
        return {"TEMPORAL_ADDRESS": self.address, "TEMPORAL_NAMESPACE": self.namespace}

    async def is_ready(self) -> bool:
        """Whether the server answers and has made its namespace."""
        try:
            client = await connect_once(self.client_settings())
            await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=self.namespace))
        except (RuntimeError, RPCError):
            return False
        return True

    async def set_up_namespace(self, retention: timedelta) -> None:
        """Add our search attributes and set how long finished workflows are kept. Safe to repeat."""
        client = await connect_once(self.client_settings())
        await ensure_search_attributes(client)
        await _keep_finished_workflows(client, retention)


async def _keep_finished_workflows(client: Client, retention: timedelta) -> None:
    duration = Duration()
    duration.FromTimedelta(retention)
    await client.workflow_service.update_namespace(
        UpdateNamespaceRequest(
            namespace=client.namespace, config=NamespaceConfig(workflow_execution_retention_ttl=duration)
        )
    )
