"""What figures say."""

from decimal import Decimal

import httpx
import pytest

from tests.api.analytics_world import CALL, Figures, Sessions, figures, history, world
from tests.builders import World, add_attempt_of, add_lead, change

__all__ = ["figures", "history", "world"]


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


async def test_a_lead_that_came_in_by_the_api_is_counted(admin: httpx.AsyncClient, figures: Figures) -> None:
    leads = [{"phone_number": f"+1212555010{place}", "source": "form"} for place in range(3)]
    assert (await admin.post("/api/v1/leads/batch", json={"leads": leads})).status_code == 200
    found = (await figures("summary"))["funnel"]
    assert found["leads"] == 3  # type: ignore[index]
