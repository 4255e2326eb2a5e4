"""The application: what it needs comes in, nothing is global."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import httpx
import structlog
from asgi_correlation_id import CorrelationIdMiddleware
from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from prometheus_client import CollectorRegistry
from pwdlib import PasswordHash
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware import Middleware
from temporalio.client import Client

from activities.lead_workflows import LeadWorkflows
from api.background import Background
from api.body_limit import MEBIBYTE, BodyLimit
from api.conditional import NotModified, Validate, render_not_modified
from api.cors import Cors
from api.database_away import DATABASE_ERRORS
from api.dependencies import Clock, Dependencies, utc_now
from api.engine import Engine
from api.first_rows import FirstRows
from api.forwarding import Forwarding
from api.head import Head
from api.identification import Identification
from api.kept_answers import REPLAYED, Replayed, render_replayed
from api.left_behind import hand_over_left_behind
from api.live_bell import LiveBell
from api.live_feed import LiveFeed
from api.media_types import readable
from api.observing import Observe, request_durations
from api.once import KeepAnswers
from api.openapi import describe
from api.passwords import Passwords
from api.problems import Problem, render_problem
from api.pruning import pruning
from api.rate_headers import RateHeaders
from api.routes import (
    accounts,
    analytics,
    api_keys,
    audit_log,
    auth,
    calls,
    campaigns,
    do_not_call,
    do_not_call_lists,
    documentation,
    event_subscriptions,
    exports,
    health,
    imports,
    leads,
    live,
    number_pools,
    organizations,
    persons,
    recordings,
    status,
    users,
    webhook_keys,
    webhooks,
)
from api.security_headers import SecurityHeaders
from api.sign_in_throttle import SignInThrottle
from api.tokens import Tokens
from api.webhook_door import WebhookDoor
from api.webhook_keys import WebhookKeys
from api.webhook_line import WebhookLine
from api.workspaces import account_workspaces
from domain.request_rate import read_rate
from runtime.sealing import sealing_of
from runtime.settings import Settings
from storage.recording_store import RecordingStore
from telephony.http import provider_http_client

log = structlog.get_logger(__name__)

VERSION = "0.1.0"
DRAIN_SECONDS = 8.0

EXPOSED = (
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "Content-Range",
    "ETag",
    "Location",
    REPLAYED,
    "X-Request-ID",
)
"""What scripts of another origin may read of an answer's headers."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a process brings to its API. ``webhook_sessions``: over connections that nothing but webhooks uses.

    ``analytics_sessions``: on a replica, where there is one. ``provider_http``: the connections to the voice provider,
    closed with the application.
    """

    settings: Settings
    jwt_secret: str
    sessions: async_sessionmaker[AsyncSession]
    temporal: Client
    hasher: PasswordHash
    clock: Clock = utc_now
    webhook_sessions: async_sessionmaker[AsyncSession] | None = None
    analytics_sessions: async_sessionmaker[AsyncSession] | None = None
    provider_http: httpx.AsyncClient | None = None


def create_app(parts: Parts) -> FastAPI:
    """The API over these parts; whoever made them closes them."""
    dependencies = wire(parts)
    registry = CollectorRegistry()
    app = FastAPI(
        title="Leadline",
        version=VERSION,
        lifespan=_lifespan(dependencies),
        middleware=_middleware(dependencies, registry),
        dependencies=[Depends(readable)],
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
    )
    app.state.dependencies = dependencies
    app.state.registry = registry
    for kind in (Problem, RequestValidationError, StarletteHTTPException):
        app.add_exception_handler(kind, render_problem)
    app.add_exception_handler(NotModified, render_not_modified)
    app.add_exception_handler(Replayed, render_replayed)
    # Lists and exports come before numbers, leads and calls, the stream before the calls: their addresses would else be
    # read as one of them.
    numbers = (do_not_call_lists, do_not_call)
    of_calls = (webhooks, live, calls, recordings)
    of_people = (auth, organizations, users, api_keys, audit_log)
    of_leads = (exports, imports, leads, persons)
    of_accounts = (number_pools, accounts, webhook_keys)
    of_others = (*of_accounts, event_subscriptions)
    of_system = (health, documentation, status)
    for routes in (*of_system, *of_people, *of_leads, campaigns, analytics, *of_others, *of_calls, *numbers):
        app.include_router(routes.router)
    app.openapi = partial(describe, app)  # type: ignore[method-assign]  # FastAPI's own way of saying more
    return app


def wire(parts: Parts) -> Dependencies:
    lead_workflows = LeadWorkflows(parts.temporal, parts.settings.task_queue)
    passwords = Passwords(parts.hasher)
    sealing = sealing_of(parts.settings)
    tokens = _tokens(parts)
    rate = None if parts.settings.rate_limit == "off" else read_rate(parts.settings.rate_limit)
    identification = Identification(parts.sessions, tokens, clock=parts.clock, rate=rate)
    feed = LiveFeed(parts.settings, parts.sessions, identification, parts.clock)
    provider_http = parts.provider_http or provider_http_client()
    return Dependencies(
        settings=parts.settings,
        sessions=parts.sessions,
        analytics_sessions=parts.analytics_sessions or parts.sessions,
        lead_workflows=lead_workflows,
        engine=Engine(parts.temporal, lead_workflows, parts.sessions, parts.clock),
        first_rows=FirstRows(parts.sessions, parts.settings, passwords, parts.clock),
        passwords=passwords,
        tokens=tokens,
        identification=identification,
        throttle=SignInThrottle(parts.sessions),
        background=Background(),
        webhook_line=WebhookLine(parts.webhook_sessions or parts.sessions, parts.clock),
        forwarding=Forwarding(parts.sessions, lead_workflows, parts.clock),
        sealing=sealing,
        provider_http=provider_http,
        workspaces=account_workspaces(parts.settings, sealing, provider_http),
        webhook_keys=WebhookKeys(parts.sessions, sealing),
        recordings=RecordingStore(parts.settings.recordings_location),
        live=feed,
        live_bell=LiveBell(parts.sessions, feed.ring),
        clock=parts.clock,
    )


def _tokens(parts: Parts) -> Tokens:
    old_secrets = [secret.get_secret_value() for secret in parts.settings.jwt_old_secrets]
    life = timedelta(days=parts.settings.jwt_days)
    return Tokens(parts.jwt_secret, life=life, clock=parts.clock, old_secrets=old_secrets)


def _middleware(dependencies: Dependencies, registry: CollectorRegistry) -> list[Middleware]:
    """From the outside in: the request's id, what browsers are told, measuring and the last word on errors; then,
    unless it is a webhook, HEAD, CORS, how often one may ask, the body, answers that are kept, validators.
    """
    return [
        Middleware(CorrelationIdMiddleware, header_name="X-Request-ID", validator=_is_request_id),
        Middleware(SecurityHeaders, https_only=dependencies.settings.env == "production"),
        Middleware(Observe, durations=request_durations(registry)),
        Middleware(WebhookDoor, dependencies=dependencies),
        Middleware(Head),
        Middleware(
            Cors,
            allow_origins=list(dependencies.settings.cors_origins),
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=EXPOSED,
        ),
        Middleware(RateHeaders, identification=dependencies.identification),
        Middleware(BodyLimit, leads_limit_bytes=dependencies.settings.import_max_mib * MEBIBYTE),
        Middleware(
            KeepAnswers,
            sessions_of=dependencies.sessions_of,
            clock=dependencies.clock,
            most_at_once=max(1, dependencies.settings.database_pool_size // 4),
        ),
        Middleware(Validate),
    ]


def _is_request_id(given: str) -> bool:
    """Another system's id is kept if it fits a log line; anything else gets one of ours."""
    return len(given) <= 64 and given.isascii() and given.replace("-", "").replace("_", "").isalnum()


def _lifespan(dependencies: Dependencies) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        del app
        dependencies.background.spawn(_make_first_rows(dependencies))
        dependencies.background.spawn(hand_over_left_behind(dependencies))
        async with pruning(dependencies.sessions, webhooks_kept=dependencies.settings.webhooks_kept):
            yield
        await dependencies.live.close()
        await dependencies.live_bell.close()
        await asyncio.gather(
            dependencies.background.drain(timeout_seconds=DRAIN_SECONDS),
            dependencies.forwarding.drain(timeout_seconds=DRAIN_SECONDS),
        )
        await dependencies.provider_http.aclose()

    return lifespan


async def _make_first_rows(dependencies: Dependencies) -> None:
    """Off the start's way; a database that is away now is asked again by the first request that needs the rows."""
    try:
        await dependencies.first_rows.ready()
        await dependencies.first_rows.decoy_hash()
    except DATABASE_ERRORS as error:
        log.warning("database_away", error=type(error).__name__)
