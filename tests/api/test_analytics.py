"""Figures as they are asked for: what they say, of when, to whom, and what they read."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio.client import Client

from activities.analytics_pump import AnalyticsPump
from api.app import Parts, create_app
from api.dependencies import Dependencies
from api.figures import asked_of, by_agent, by_campaign, by_hour, by_source, cost, summary
from api.principal import Principal
from api.schemas.analytics import AnalyticsQuery
from runtime.database import create_engine, session_factory
from runtime.settings import Settings
from storage.models import AccountRow, CampaignRow, InboundCallRow, NumberPoolRow, OrganizationRow
from tests.builders import World, add_attempt_of, add_lead, add_world, change

Sessions = async_sessionmaker[AsyncSession]
Figures = Callable[..., Awaitable[dict[str, object]]]

MONDAY = datetime(2026, 3, 2, 18, 30, tzinfo=UTC)
"""12:30 in Chicago, 23:30 + half an hour to Tuesday in Kolkata."""

ROUTES = ("summary", "by-agent", "by-source", "by-campaign", "by-hour", "cost")
CALL = {"counts": True, "slot_released_at": MONDAY, "agent_id": "agent_1", "agent_version": 2}


@pytest.fixture
async def world(admin: httpx.AsyncClient, sessions: Sessions, app: FastAPI) -> World:
    """The default campaign of who is signed in."""
    dependencies: Dependencies = app.state.dependencies
    defaults = await dependencies.first_rows.ready()
    campaigns = (await admin.get("/api/v1/campaigns")).json()["items"]
    async with sessions() as session:
        campaign = await session.get_one(CampaignRow, UUID(campaigns[0]["id"]))
        pool = await session.get_one(NumberPoolRow, campaign.number_pool_id)
        account = await session.get_one(AccountRow, pool.account_id)
        organization = await session.get_one(OrganizationRow, defaults.organization.id)
    return World(organization, account, pool, campaign)


@pytest.fixture
async def history(sessions: Sessions, world: World) -> World:
    """One lead booked by its second call, one never reached, one never called; and a call that came in."""
    booked = await add_lead(sessions, world, "+13125550101", source="form", created_at=MONDAY)
    missed = await add_lead(sessions, world, "+13125550102", source="fair", created_at=MONDAY)
    await add_lead(sessions, world, "+13125550103", source="form", created_at=MONDAY)
    missed_call = {**CALL, "outcome": "no_answer", "started_at": MONDAY}
    await add_attempt_of(sessions, world, booked, "done", **missed_call)
    await add_attempt_of(
        sessions,
        world,
        booked,
        "done",
        number=2,
        **{
            **CALL,
            "outcome": "answered",
            "disposition": "booked",
            "started_at": MONDAY + timedelta(days=1, hours=6),
            "duration_ms": 120_000,
            "cost_cents": Decimal(30),
        },
    )
    await add_attempt_of(sessions, world, missed, "done", **missed_call)
    await add_attempt_of(
        sessions, world, missed, "done", number=2, **{**missed_call, "outcome": "refused", "counts": False}
    )
    await change(sessions, booked, status="done", outcome="reached")
    async with sessions.begin() as session:
        session.add(
            InboundCallRow(
                id=uuid4(),
                organization_id=world.organization.id,
                account_id=world.account.id,
                call_id="call_in",
                status="done",
                outcome="voicemail",
                started_at=MONDAY,
                duration_ms=60_000,
                cost_cents=Decimal(6),
            )
        )
    return world


@pytest.fixture
def figures(admin: httpx.AsyncClient, sessions: Sessions) -> Figures:
    """Asks for figures once everything is counted."""

    async def ask(route: str, **query: str) -> dict[str, object]:
        while await AnalyticsPump(sessions).catch_up():
            pass
        answer = await admin.get(f"/api/v1/analytics/{route}", params=query)
        assert answer.status_code == 200, answer.text
        found: dict[str, object] = answer.json()
        return found

    return ask


async def test_the_summary_tells_how_far_leads_came_and_what_that_cost(history: World, figures: Figures) -> None:
    del history
    found = await figures("summary")
    assert found["by_status"] == {"new": 2, "in_progress": 0, "done": 1}
    assert {name: count for name, count in dict(found["by_outcome"]).items() if count} == {"reached": 1}  # type: ignore[call-overload]
    assert found["funnel"] == {"leads": 3, "called": 2, "reached": 1, "succeeded": 1, "success_rate": 0.5}
    assert found["attempts"] == {
        "attempts": 3,
        "per_called_lead": 1.5,
        "mean_to_reach": 2.0,
        "to_reach": {"2": 1},
    }
    assert found["calls"] == {
        "calls": 3,
        "reached": 1,
        "succeeded": 1,
        "refused": 1,
        "reached_share": 1 / 3,
        "success_rate": 1 / 3,
        "success_rate_of_reached": 1.0,
        "inbound": 1,
        "inbound_reached": 0,
        "inbound_succeeded": 0,
        "minutes": 3.0,
        "talk_minutes": 2.0,
        "cost": 0.36,
        "cost_per_success": 0.36,
    }
    assert (found["from"], found["to"]) == (None, None)
    assert str(found["as_of"]).endswith("Z")


async def test_a_lead_that_is_called_now_is_in_progress(sessions: Sessions, world: World, figures: Figures) -> None:
    await add_attempt_of(sessions, world, await add_lead(sessions, world), "in_progress")
    assert (await figures("summary"))["by_status"] == {"new": 0, "in_progress": 1, "done": 0}


async def test_agents_are_told_apart_by_version(history: World, sessions: Sessions, figures: Figures) -> None:
    lead = await add_lead(sessions, history, "+13125550109")
    await add_attempt_of(sessions, history, lead, "done", **{**CALL, "outcome": "busy", "agent_version": 3})
    items = (await figures("by-agent"))["items"]
    assert [(one["agent_id"], one["agent_version"], one["calls"]) for one in items] == [  # type: ignore[attr-defined]
        ("agent_1", 2, 3),
        ("agent_1", 3, 1),
        (None, None, 0),  # the call that came in
    ]


async def test_sources_have_their_leads_and_calls(history: World, figures: Figures) -> None:
    del history
    items = (await figures("by-source"))["items"]
    assert [(one["source"], one["leads"]["leads"], one["calls"]["calls"]) for one in items] == [  # type: ignore[attr-defined]
        (None, 0, 0),
        ("fair", 1, 1),
        ("form", 2, 2),
    ]


async def test_campaigns_are_named_and_calls_of_none_are_apart(history: World, figures: Figures) -> None:
    items = (await figures("by-campaign"))["items"]
    assert [(one["campaign_id"], one["name"], one["calls"]["calls"], one["calls"]["inbound"]) for one in items] == [  # type: ignore[attr-defined]
        (None, None, 0, 1),
        (str(history.campaign.id), history.campaign.name, 3, 0),
    ]


async def test_hours_are_those_of_the_leads_own_clock(history: World, figures: Figures) -> None:
    del history
    items = (await figures("by-hour"))["items"]
    assert [(one["weekday"], one["hour"], one["calls"], one["reached_share"]) for one in items] == [  # type: ignore[attr-defined]
        (1, 12, 2, 0.0),
        (2, 18, 1, 1.0),
    ]


MARCH = {"from": "2026-03-01", "to": "2026-04-01"}


@pytest.mark.parametrize(
    ("zone", "days"),
    [
        pytest.param("UTC", [("2026-03-02", 0.06), ("2026-03-04", 0.3)], id="utc"),
        pytest.param("America/Chicago", [("2026-03-02", 0.06), ("2026-03-03", 0.3)], id="chicago"),
        pytest.param("Asia/Tokyo", [("2026-03-03", 0.06), ("2026-03-04", 0.3)], id="tokyo"),
    ],
)
async def test_costs_are_told_by_the_days_of_the_zone(
    history: World, figures: Figures, zone: str, days: list[tuple[str, float]]
) -> None:
    del history
    found = await figures("cost", **MARCH, time_zone=zone)
    by_day: dict[str, float] = {}
    for one in found["days"]:  # type: ignore[attr-defined]
        by_day[one["day"]] = by_day.get(one["day"], 0) + one["cost"]
    assert list(by_day.items()) == days
    assert found["cost"] == 0.36


async def test_what_a_campaign_ever_spent_stands_against_its_budget(
    history: World, sessions: Sessions, figures: Figures
) -> None:
    await change(sessions, history.campaign, budget=Decimal("1.5"))
    found = await figures("cost", **{"from": "2026-06-01", "to": "2026-06-02"})
    assert (found["cost"], found["days"]) == (0, [])
    assert found["campaigns"] == [
        {
            "campaign_id": str(history.campaign.id),
            "name": history.campaign.name,
            "budget": 1.5,
            "spent": 0.3,
            "left": 1.2,
            "spent_share": 0.2,
        }
    ]


@pytest.mark.parametrize(
    ("query", "calls"),
    [
        pytest.param({"from": "2026-03-02"}, 3, id="from-that-day"),
        pytest.param({"from": "2026-03-03"}, 1, id="from-the-next-day"),
        pytest.param({"to": "2026-03-02"}, 0, id="the-end-is-not-included"),
        pytest.param({"from": "2026-03-02T18:59:00Z", "to": "2026-03-02T18:59:30Z"}, 2, id="widened-to-the-hour"),
        pytest.param({"from": "2026-03-02T19:00:00Z"}, 1, id="the-next-hour"),
        pytest.param({"from": "2026-03-02T13:00:00-06:00", "to": "2026-03-05T01:00:00Z"}, 1, id="hours-and-days"),
        pytest.param({"from": "2026-03-03", "time_zone": "America/Chicago"}, 1, id="a-date-in-chicago"),
        pytest.param({"from": "2026-03-03", "time_zone": "Asia/Tokyo"}, 3, id="a-date-in-tokyo"),
        pytest.param({"campaign_id": str(uuid4())}, 0, id="a-campaign-that-nobody-has"),
    ],
)
async def test_figures_are_of_the_period(history: World, figures: Figures, query: dict[str, str], calls: int) -> None:
    del history
    found = (await figures("summary", **query))["calls"]
    assert found["calls"] == calls  # type: ignore[index]


@pytest.mark.parametrize("route", ROUTES)
async def test_where_nothing_happened_there_are_zeros_and_nulls(admin: httpx.AsyncClient, route: str) -> None:
    answer = await admin.get(f"/api/v1/analytics/{route}", params={"from": "2026-03-01", "to": "2026-03-08"})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["from"], found["to"]) == ("2026-03-01T00:00:00Z", "2026-03-08T00:00:00Z")
    assert found.get("items", []) == []
    assert '"success_rate":0' not in answer.text


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("query", "field"),
    [
        pytest.param({"from": "yesterday"}, "from", id="no-date"),
        pytest.param({"from": "2026-02-30"}, "from", id="no-such-day"),
        pytest.param({"from": "2026-03-02T18:00:00"}, "from", id="without-an-offset"),
        pytest.param({"from": "2026-03-02", "to": "2026-03-02"}, "to", id="empty"),
        pytest.param({"time_zone": "Mars/Base"}, "time_zone", id="no-zone"),
        pytest.param({"campaign_id": "7"}, "campaign_id", id="no-id"),
    ],
)
async def test_what_cannot_be_read_is_refused_by_its_name(
    admin: httpx.AsyncClient, route: str, query: dict[str, str], field: str
) -> None:
    answer = await admin.get(f"/api/v1/analytics/{route}", params=query)
    assert answer.status_code == 422
    assert field in answer.json()["detail"]


async def test_costs_by_day_are_of_400_days_at_most(admin: httpx.AsyncClient) -> None:
    answer = await admin.get("/api/v1/analytics/cost", params={"from": "2020-01-01"})
    assert answer.status_code == 422
    assert "400 days" in answer.json()["detail"]


@pytest.mark.parametrize("route", ROUTES)
async def test_figures_of_another_organisation_are_in_none_of_ours(
    admin: httpx.AsyncClient, sessions: Sessions, figures: Figures, route: str
) -> None:
    before = await figures(route)
    theirs = await add_world(sessions, budget=Decimal(5))
    lead = await add_lead(sessions, theirs, source="theirs")
    await add_attempt_of(sessions, theirs, lead, "done", **{**CALL, "outcome": "answered", "started_at": MONDAY})
    after = await figures(route)
    asked_for = await figures(route, campaign_id=str(theirs.campaign.id))
    own = {"as_of", "from", "to"}
    assert {**after, **dict.fromkeys(own)} == {**before, **dict.fromkeys(own)}
    assert not {"theirs", str(theirs.campaign.id)} & set(json.dumps([after, asked_for]).split('"'))


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


async def test_a_lead_that_came_in_by_the_api_is_counted(admin: httpx.AsyncClient, figures: Figures) -> None:
    leads = [{"phone_number": f"+1212555010{place}", "source": "form"} for place in range(3)]
    assert (await admin.post("/api/v1/leads/batch", json={"leads": leads})).status_code == 200
    found = (await figures("summary"))["funnel"]
    assert found["leads"] == 3  # type: ignore[index]
