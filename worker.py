"""The worker process: its composition root. ``python worker.py``."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import structlog
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio.client import Client
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.worker import PollerBehaviorSimpleMaximum, UnsandboxedWorkflowRunner, Worker, WorkflowRunner

from activities.account_clients import AccountClients, account_clients
from activities.analytics_pump import AnalyticsPump
from activities.discretion import Discretion
from activities.event_workflows import EventWorkflows
from activities.events_at_work import EventWork, event_work
from activities.figures import StandingFigures
from activities.following_calls import CallFollowing
from activities.following_mishaps import FollowingMishaps
from activities.lead_workflows import LeadWorkflows
from activities.leads_at_work import LeadWork, lead_work
from activities.provider_limits import ProviderLimits
from activities.recordings_at_work import recording_keeper
from activities.taking_imports import TakeImports
from activities.weighing import DialSettings
from api.shown import AsAnswered
from runtime.database import create_engine, session_factory
from runtime.embedded.ports import free_port
from runtime.event_loop import run
from runtime.exit import leave
from runtime.listening import Heard, listening
from runtime.long_lived import keep_what_is_there
from runtime.public_address import how_to_be_reached, is_public
from runtime.sealing import sealing_of
from runtime.settings import Settings, SettingsError, load_settings
from runtime.telemetry import configure_logging
from runtime.temporal_client import TemporalAway, connect
from runtime.worker_health import WorkerHealth, process_registry, serve_health
from storage import event_subscriptions, recordings
from storage.recording_store import RecordingStore
from storage.room import CHANNEL
from telephony.http import provider_http_client
from telephony.outside_http import outside_http_client
from telephony.provider import VoiceProvider
from telephony.retell_client import RetellProvider
from workflows.registry import WORKFLOWS
from workflows.schedules import ensure_reconciliation, ensure_recordings

log = structlog.get_logger("worker")

# A dial that is under way when the worker stops is answered within this, or looked up by the next worker.
GRACE = timedelta(seconds=50)
MOST_ACTIVITIES = 500

# Decisions take turns on the database's connections; the calls, which wait on the phone network, hardly need any.
DECISIONS_AT_ONCE = 10
CONNECTION_WAIT = timedelta(seconds=15)
CACHED_WORKFLOWS = 1_000

# Whoever is taken up here must get its decision within the engine's ten seconds for a task, or is begun anew, which
# makes a crowd longer. The others wait in the engine, where nobody's clock runs.
WORKFLOWS_AT_ONCE = 2 * DECISIONS_AT_ONCE

POLLS_AT_ONCE = 10
POLLS_FOR_NEWCOMERS = 0.5
"""The share of them for workflows that no worker remembers. By default one of five asks for those, and in a crowd each
answer takes the engine 25 ms: forty new leads got their first decision a second, however idle the cores were."""


def now() -> datetime:
    return datetime.now(UTC)


def voice_clients(settings: Settings, http: httpx.AsyncClient) -> AccountClients[VoiceProvider]:
    """Where each account is dialled through; leads of one that there is no key for wait."""
    sealing = sealing_of(settings)
    return account_clients(
        settings.provider_keys,
        settings.provider_urls,
        lambda key, url: RetellProvider(key, url, http),
        unseal=None if sealing is None else sealing.unseal,
    )


def build_worker(
    client: Client,
    sessions: async_sessionmaker[AsyncSession],
    clients: AccountClients[VoiceProvider],
    settings: Settings,
    registry: CollectorRegistry,
    more_activities: Sequence[Callable[..., object]] = (),
    *,
    workflow_runner: WorkflowRunner,
) -> tuple[Worker, LeadWork]:
    """Everything that the workflows of leads call, made of the clients that this process holds."""
    dial = DialSettings(
        webhook_url=f"{settings.reachable_url}/api/v1/calls/webhook",
        longest_call=timedelta(seconds=settings.max_call_seconds),
        providers=clients.kinds,
        opens_keys=clients.opens_keys,
    )
    leads = lead_work(sessions, clients, LeadWorkflows(client, settings.task_queue), dial, registry, now)
    worker = Worker(
        client,
        task_queue=settings.task_queue,
        workflows=WORKFLOWS,
        activities=[*leads.activities, TakeImports(sessions, now).take_in_import, *more_activities],
        max_concurrent_activities=MOST_ACTIVITIES,
        max_concurrent_local_activities=DECISIONS_AT_ONCE,
        max_concurrent_workflow_tasks=WORKFLOWS_AT_ONCE,
        workflow_task_poller_behavior=PollerBehaviorSimpleMaximum(POLLS_AT_ONCE),
        nonsticky_to_sticky_poll_ratio=POLLS_FOR_NEWCOMERS,
        max_cached_workflows=CACHED_WORKFLOWS,
        graceful_shutdown_timeout=GRACE,
        interceptors=[Discretion()],
        workflow_runner=workflow_runner,
    )
    return worker, leads


def event_work_of(
    client: Client,
    sessions: async_sessionmaker[AsyncSession],
    settings: Settings,
    registry: CollectorRegistry,
    http: httpx.AsyncClient,
) -> EventWork:
    """What takes events to other systems; ``http`` is for their addresses, which are trusted in nothing."""
    sealing, workflows = sealing_of(settings), EventWorkflows(client, settings.task_queue)
    unseal, loopback = None if sealing is None else sealing.unseal, settings.sends_events_to_loopback
    return event_work(sessions, workflows, http, AsAnswered(), registry, now, unseal=unseal, allows_loopback=loopback)


async def work(settings: Settings, stop: asyncio.Event) -> None:
    """Run until ``stop`` is set; then finish what is under way and close everything."""
    metrics_port = free_port()
    telemetry = TelemetryConfig(metrics=PrometheusConfig(bind_address=f"127.0.0.1:{metrics_port}"))
    client = await connect(settings, runtime=Runtime(telemetry=telemetry))
    async with contextlib.AsyncExitStack() as stack:
        engine = create_engine(settings, application="leadline-worker", pool_wait=CONNECTION_WAIT)
        stack.push_async_callback(engine.dispose)
        http = await stack.enter_async_context(provider_http_client())
        sessions, clients, registry = session_factory(engine), voice_clients(settings, http), process_registry()
        store = RecordingStore(settings.recordings_location)
        outside_http = await stack.enter_async_context(outside_http_client())
        keeper = recording_keeper(sessions, store, clients, settings.provider_urls, outside_http, registry, now)
        events = event_work_of(client, sessions, settings, registry, outside_http)
        # Tests run the same workflows in the sandbox, which is where determinism is guarded (decision 15).
        runner = UnsandboxedWorkflowRunner()
        more: list[Callable[..., object]] = [keeper.keep_recordings, events.retries.retry_event]
        worker, leads = build_worker(client, sessions, clients, settings, registry, more, workflow_runner=runner)
        stack.push_async_callback(leads.close)
        channels: dict[str, Heard] = {
            CHANNEL: leads.hear,
            recordings.CHANNEL: lambda _: keeper.nudge(),
            event_subscriptions.CHANNEL: lambda _: events.couriers.nudge(),
        }
        await stack.enter_async_context(listening(settings, channels, application="leadline-worker-listening"))
        health = WorkerHealth(
            engine=engine,
            client=client,
            worker=worker,
            sdk_metrics_port=metrics_port,
            registry=registry,
            before_scrape=StandingFigures(sessions, registry, now).refresh,
            recordings_problem=lambda: store.problem,
        )
        await stack.enter_async_context(serve_health(health, settings.worker_port))
        await stack.enter_async_context(_beside(_read_limits(leads.limits)))
        await stack.enter_async_context(_beside(_check(store)))
        await stack.enter_async_context(_beside(AnalyticsPump(sessions).run()))
        await stack.enter_async_context(_beside(events.couriers.run()))
        if settings.webhooks_get_lost:
            log.warning("no_public_address", what_to_do=how_to_be_reached(settings.reachable_url))
        if not is_public(settings.reachable_url):
            workflows = LeadWorkflows(client, settings.task_queue)
            mishaps = FollowingMishaps(registry)
            following = CallFollowing(sessions, clients, {"retell"}, workflows, mishaps, now)
            await stack.enter_async_context(_beside(following.run()))
        keep_what_is_there()
        await _run(worker, client, settings, stop)


@contextlib.asynccontextmanager
async def _beside(job: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Begun at once, beside everything else: it mustn't keep a worker from starting."""
    doing = asyncio.create_task(job)
    try:
        yield
    finally:
        doing.cancel()
        await asyncio.gather(doing, return_exceptions=True)


async def _read_limits(limits: ProviderLimits) -> None:
    """The first round of all may be a while off. Until the provider's figures are read, the pools' own caps hold."""
    try:
        await limits.refresh()
    except Exception as error:  # noqa: BLE001 - whatever it was, the reconciliation reads them again
        log.warning("limits_unread", error=type(error).__name__)


async def _check(store: RecordingStore) -> None:
    """Calls don't depend on it, so that one that can't be used is only said, here and by ``/readyz``."""
    await store.check()
    if store.problem is not None:
        log.error("recording_store_away", error=store.problem)


async def _run(worker: Worker, client: Client, settings: Settings, stop: asyncio.Event) -> None:
    running = asyncio.create_task(worker.run())
    stopping = asyncio.create_task(stop.wait())
    await ensure_reconciliation(client, settings.task_queue)
    await ensure_recordings(client, settings.task_queue)
    log.info("worker_ready", task_queue=settings.task_queue)
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    await worker.shutdown()
    await running
    log.info("worker_stopped")


async def main() -> int:
    try:
        settings = load_settings(os.environ)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    configure_logging(settings)
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    try:
        await work(settings, stop)
    except TemporalAway as error:
        log.error("engine_away", error=str(error))
        return 1
    return 0


if __name__ == "__main__":
    leave(run(main()))
