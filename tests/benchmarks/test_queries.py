"""How the answers to what people look at stand beside their goal."""

import asyncio

import pytest
from sqlalchemy import text

from activities.analytics_pump import AnalyticsPump
from benchmarks.asked import Asked
from benchmarks.queries.findings import MOST_SECONDS, MOST_SECONDS_AT_ONCE, Findings, report
from benchmarks.queries.scale import FULL, SHORT, chosen
from benchmarks.queries.seed import seed
from benchmarks.spread import Spread
from domain.periods import whole_hours
from storage.analytics import Asked as AskedFor
from storage.analytics import calls_in_all, leads_in_all
from tests.builders import Sessions, add_campaign, add_world
from tests.migrated_database import database_template, sessions

__all__ = ["database_template", "sessions"]

FLOOR = Spread(count=100, mean=0.001, p50=0.001, p99=0.002, worst=0.003)


@pytest.mark.parametrize(
    ("question", "p99", "met"),
    [
        pytest.param("summary", MOST_SECONDS, True, id="figures-in-time"),
        pytest.param("summary", MOST_SECONDS + 0.001, False, id="figures-too-late"),
        pytest.param("page of leads", MOST_SECONDS_AT_ONCE, True, id="page-in-time"),
        pytest.param("page of leads", MOST_SECONDS_AT_ONCE + 0.001, False, id="page-too-late"),
    ],
)
def test_each_question_has_a_line_with_its_goal(question: str, p99: float, met: bool) -> None:
    answer = Spread(count=100, mean=0.01, p50=0.01, p99=p99, worst=1.0)
    found = report(Findings(1_000, 3.0, FLOOR, {question: answer, "by-hour": FLOOR}))
    assert [(line.what, line.met) for line in found.lines] == [(question, met), ("by-hour", True)]
    assert "3,000 calls" in found.notes[0]
    assert found.figures[question]["p99_seconds"] == p99


def test_the_short_form_has_fewer_leads_and_a_number_may_be_given() -> None:
    assert chosen(Asked()) == FULL
    assert chosen(Asked(short=True)) == SHORT
    assert chosen(Asked(leads=7)).leads == 7


async def test_what_is_filled_in_is_counted_and_triggers_are_there_again(sessions: Sessions, database_url: str) -> None:
    world = await add_world(sessions)
    other = await add_campaign(sessions, world)
    campaigns = [world.campaign.id, other.campaign.id]
    counting = asyncio.create_task(AnalyticsPump(sessions).run())
    await seed(database_url, world.organization.id, campaigns, 50, lambda _: None)
    counting.cancel()
    await asyncio.gather(counting, return_exceptions=True)
    asked = AskedFor(organization_id=world.organization.id, period=whole_hours(None, None), campaign_id=None)
    async with sessions() as session:
        assert (await calls_in_all(session, asked)).calls == 150
        assert (await leads_in_all(session, asked)).called == 50
    async with sessions() as session:
        disabled = await session.scalar(text("select count(*) from pg_trigger where tgenabled = 'D'"))
    assert disabled == 0
