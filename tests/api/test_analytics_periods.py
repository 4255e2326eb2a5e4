"""Of when figures are, and what can't be asked for."""

import httpx
import pytest

from tests.api.analytics_world import ROUTES, Figures, figures, history, world
from tests.builders import World

__all__ = ["figures", "history", "world"]


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
