"""What figures are read from: one organisation's rows, the replica where there is one, and never all leads or calls."""

import json
from collections.abc import Callable
from decimal import Decimal
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from temporalio.client import Client

from api.app import Parts, create_app
from api.dependencies import Dependencies
from api.figures import asked_of, by_agent, by_campaign, by_hour, by_source, cost, summary
from api.principal import Principal
from api.schemas.analytics import AnalyticsQuery
from runtime.database import create_engine, session_factory
from runtime.settings import Settings
from tests.api.analytics_world import CALL, MONDAY, ROUTES, Figures, Sessions, figures, history, world
from tests.builders import World, add_attempt_of, add_lead, add_world

__all__ = ["figures", "history", "world"]


@pytest.mark.parametrize("route", ROUTES)
async def test_figures_of_another_organisation_are_in_none_of_ours(
    admin: httpx.AsyncClient, sessions: Sessions, figures: Figures, route: str
) -> None:
    before = await figures(route)
    theirs = await add_world(sessions, budget=Decimal(5))
    lead = await add_lead(sessions, theirs, source="theirs")
    await add_attempt_of(sessions, theirs, lead, "done", **{**CALL, "outcome": "answered", "started_at": MONDAY})
    after = await figures(route)
    asked_for = await admin.get(f"/api/v1/analytics/{route}", params={"campaign_id": str(theirs.campaign.id)})
    own = {"as_of", "from", "to"}
    assert {**after, **dict.fromkeys(own)} == {**before, **dict.fromkeys(own)}
    assert not {"theirs", str(theirs.campaign.id)} & set(json.dumps(after).split('"'))
    assert asked_for.status_code == 404


async def test_a_configured_replica_is_what_figures_are_read_from(
    make_app: Callable[[Client], FastAPI],
    settings: Settings,
    sessions: Sessions,
    absent_engine: Client,
    provider_http: httpx.AsyncClient,
    admin: httpx.AsyncClient,
    history: World,
    figures: Figures,
) -> None:
    """The other database has no tables, so that whoever reads there finds that out."""
    del history
    assert (await figures("summary"))["as_of"] is not None
    dependencies: Dependencies = make_app(absent_engine).state.dependencies
    assert dependencies.analytics_sessions is dependencies.sessions
    elsewhere = create_engine(settings, url=str(settings.database_url).rsplit("/", 1)[0] + "/postgres", pool_size=1)
    parts = Parts(
        settings=settings,
        jwt_secret="a secret of tests that is long enough for HS256",
        sessions=sessions,
        temporal=absent_engine,
        hasher=dependencies.passwords._hasher,
        provider_http=provider_http,
        analytics_sessions=session_factory(elsewhere),
    )
    transport = httpx.ASGITransport(create_app(parts), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://leadline", headers=admin.headers) as client:
        assert (await client.get("/api/v1/leads")).status_code == 200
        assert (await client.get("/api/v1/analytics/summary")).status_code == 500
    await elsewhere.dispose()


_FILL = """
insert into leads (id, organization_id, campaign_id, contact_id, time_zones, time_zone_source, priority, custom_fields,
    status, outcome, run, earlier_attempts)
select gen_random_uuid(), organization_id, campaign_id, contact_id, time_zones, time_zone_source, 3, '{}',
    'done', 'reached', 1, 0
from leads cross join generate_series(1, 5000) where id = :lead_id
"""
_FILL_ATTEMPTS = """
insert into interaction_attempts (id, organization_id, lead_id, contact_id, campaign_id, number_pool_id, account_id,
    number, from_number, status, outcome, counts, started_at, not_before, not_after, slot_released_at)
select gen_random_uuid(), one.organization_id, leads.id, leads.contact_id, one.campaign_id, one.number_pool_id,
    one.account_id, 1, '+1', 'done', 'answered', true, now() - random() * interval '90 days', now(), now(), now()
from leads cross join (select * from interaction_attempts where status = 'done' limit 1) as one
where leads.status = 'done' and not exists (select from interaction_attempts as a where a.lead_id = leads.id)
"""


async def test_no_figure_reads_through_all_leads_or_calls(sessions: Sessions, history: World, figures: Figures) -> None:
    """PostgreSQL's own count of tables that were read from beginning to end says so, whatever the statements are."""
    async with sessions.begin() as session:
        lead_id = await session.scalar(text("select id from leads limit 1"))
        await session.execute(text(_FILL), {"lead_id": lead_id})
        await session.execute(text(_FILL_ATTEMPTS))
    await figures("summary")
    async with sessions.begin() as session:
        for table in (*LARGE, "call_sums", "lead_sums"):
            await session.execute(text(f"analyze {table}"))
    query = AnalyticsQuery.model_validate({"from": "2026-01-01T07:00:00Z", "to": "2026-12-31"})
    principal = Principal(user_id=uuid4(), organization_id=history.organization.id, role="viewer")
    asked = asked_of(principal, query)
    async with sessions() as session:
        before = await read_through(session)
        found = await summary(session, asked)
        for ask in (by_agent, by_source, by_campaign, by_hour):
            await ask(session, asked)
        await cost(session, asked, query, MONDAY)
        assert await read_through(session) == before
    assert found.calls.calls > 0


LARGE = ("leads", "interaction_attempts", "inbound_calls", "call_facts", "lead_facts")

_READ_THROUGH = "select relname, seq_scan from pg_stat_xact_user_tables where relname = any(:tables)"


async def read_through(session: AsyncSession) -> dict[str, int]:
    """How often this connection read each large table from its beginning to its end."""
    rows = await session.execute(text(_READ_THROUGH), {"tables": list(LARGE)})
    return {row.relname: row.seq_scan for row in rows}
