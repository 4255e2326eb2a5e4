"""The parts of a stack, in the order of their start."""

import asyncio
import signal
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from runtime.embedded.environments import for_children
from runtime.embedded.part import Part
from runtime.embedded.plan import Plan
from runtime.embedded.postgres import SERVER_ENVIRONMENT, PostgresCluster
from runtime.embedded.postgres_programs import server_version
from runtime.embedded.ready_checks import command_ready, http_ready
from runtime.embedded.temporal_server import TemporalServer

PROJECT = Path(__file__).resolve().parents[2]

# API, worker, benchmarks and a person with psql together; an idle connection costs little.
POSTGRES_OPTIONS: Mapping[str, str] = {"max_connections": "200"}


def make_parts(plan: Plan, environ: Mapping[str, str]) -> list[Part]:
    """Everything that the plan starts here; what it finds elsewhere is left out of the order, too."""
    children = for_children(environ, plan.child_variables())
    parts = [
        *([_postgres(plan.cluster, plan.postgres_port)] if plan.cluster else []),
        *([_temporal(plan, plan.temporal, environ)] if plan.temporal else []),
        _migrations(plan, children),
        *([_simulator(plan, plan.simulator_port, environ)] if plan.simulator_port else []),
        _api(plan, children),
        _worker(plan, children),
    ]
    return parts


def _postgres(cluster: PostgresCluster, port: int) -> Part:
    async def create_database() -> None:
        await asyncio.to_thread(cluster.ensure_database, port)

    return Part(
        name="postgres",
        title=f"PostgreSQL {server_version()}",
        where=f"on port {port}",
        argv=cluster.command(port, POSTGRES_OPTIONS),
        env=SERVER_ENVIRONMENT,
        cwd=cluster.base,
        before_start=cluster.prepare,
        ready=command_ready(cluster.ready_command(port)),
        on_ready=create_database,
        user=cluster.user,
        is_waited_for=True,
        stop_signal=signal.SIGINT,  # "fast": ends the sessions and writes a checkpoint
        stop_timeout_seconds=30.0,
        start_attempts=4,  # after a kill its old children may hold its shared memory for a moment
    )


def _temporal(plan: Plan, server: TemporalServer, environ: Mapping[str, str]) -> Part:
    retention = timedelta(days=plan.settings.temporal_retention_days)

    async def set_up() -> None:
        await server.set_up_namespace(retention)

    return Part(
        name="temporal",
        title="Temporal",
        where=f"on port {server.port}, its UI on port {server.ui_port}",
        argv=server.command(),
        env={name: environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in environ},
        cwd=plan.home.folder,
        ready=server.is_ready,
        on_ready=set_up,
        stands_back=True,
        start_attempts=3,
    )


def _migrations(plan: Plan, children: Mapping[str, str]) -> Part:
    return Part(
        name="migrations",
        title="Database schema",
        argv=[sys.executable, "-m", "storage.migrate"],
        env=children,
        cwd=PROJECT,
        after=["postgres"] if plan.cluster else [],
        start_timeout_seconds=600.0,
        done_words="up to date",
    )


# After a start of everything at once the API answers a few seconds later than the simulator has something to report.
_PATIENCE = ("--webhook-retry-seconds", "3")

# The worker keeps to what the provider allows; in a stack for trying things the pools alone shall say how many calls.
_ROOM = ("--concurrency-limit", "10000")


def _simulator(plan: Plan, port: int, environ: Mapping[str, str]) -> Part:
    state = plan.home.folder / "simulator.jsonl"
    return Part(
        name="simulator",
        title="Simulator",
        where=f"on port {port}",
        argv=[sys.executable, "-m", "simulator", "--port", str(port), "--state", str(state), *_PATIENCE, *_ROOM],
        env=for_children({"PATH": environ.get("PATH", "")}, {"SIMULATOR_API_KEY": plan.simulator_key()}),
        cwd=PROJECT,
        ready=http_ready(port, "/healthz"),
    )


def _api(plan: Plan, children: Mapping[str, str]) -> Part:
    return Part(
        name="api",
        title="API",
        where=f"at {plan.api_url}",
        argv=[sys.executable, "-m", "api"],
        env=children,
        cwd=PROJECT,
        is_waited_for=True,
        after=_before_the_edges(plan),
        ready=http_ready(plan.api_port, "/readyz", plan.api_url.removeprefix("http://").rpartition(":")[0].strip("[]")),
    )


def _worker(plan: Plan, children: Mapping[str, str]) -> Part:
    return Part(
        name="worker",
        title="Worker",
        argv=[sys.executable, "worker.py"],
        env=children,
        cwd=PROJECT,
        after=_before_the_edges(plan),
        ready=http_ready(plan.worker_port, "/readyz"),
        stands_back=True,
        stop_timeout_seconds=60.0,  # a dial in flight takes up to 40 s, and must not be cut
    )


def _before_the_edges(plan: Plan) -> list[str]:
    """What API and worker wait for."""
    started_here = {"temporal": plan.temporal, "simulator": plan.simulator_port}
    return ["migrations", *(name for name, here in started_here.items() if here)]
