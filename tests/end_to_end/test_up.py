"""The whole system kept running, killed in the middle, and started again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from runtime.embedded.ports import free_port
from tests.end_to_end.launching import ALL_WEEK, Running, calls_by_attempt, wait_until

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(300)]

LEADS = 20


@pytest.fixture
def running(home: Path) -> Iterator[Running]:
    running = Running(home, free_port())
    yield running
    running.close()


def launched_campaign(api: httpx.Client) -> str:
    """A campaign that may call now, whatever the hour; its numbers are reserved for fiction."""
    pool = api.get("/number-pools").json()["items"][0]
    campaign = api.post(
        "/campaigns",
        json={
            "name": "Round the clock",
            "number_pool_id": pool["id"],
            "agent_id": "agent_1",
            "windows": ALL_WEEK,
            "calling_rules": "off",
            "max_attempts": 2,
            "retry_delays": {"no_answer": [1], "busy": [1], "voicemail": [1], "failed": [1]},
            "max_call_seconds": 60,
        },
    ).json()
    api.post(f"/campaigns/{campaign['id']}/launch").raise_for_status()
    return str(campaign["id"])


def post_leads(api: httpx.Client, campaign_id: str) -> list[str]:
    leads = [{"phone_number": f"+1212555{100 + n:04}", "campaign_id": campaign_id} for n in range(LEADS)]
    items = api.post("/leads/batch", json={"leads": leads}).raise_for_status().json()["items"]
    return [item["lead"]["id"] for item in items]


def read(api: httpx.Client, lead_id: str) -> dict[str, Any]:
    lead: dict[str, Any] = api.get(f"/leads/{lead_id}").raise_for_status().json()
    return lead


def test_after_everything_was_killed_every_lead_comes_to_its_end_and_nobody_is_called_twice(running: Running) -> None:
    with running.signed_in() as api:
        leads = post_leads(api, launched_campaign(api))
        wait_until(lambda: any(read(api, lead)["status"] == "done" for lead in leads), "the first lead's end")
    running.kill()
    running.again()
    with running.signed_in() as api:
        for lead in leads:
            # An attempt cut off in mid-dial is looked up, and promised call-backs lie minutes ahead.
            wait_until(lambda lead=lead: has_settled(read(api, lead)), f"the end of {lead}")  # type: ignore[misc]
        talks = [attempt["transcript"] for lead in leads for attempt in read(api, lead)["attempts"]]
    assert any(talk and "Agent:" in talk for talk in talks)
    assert set(calls_by_attempt(running.home / "simulator.jsonl").values()) == {1}
    assert running.stop() == 0


def has_settled(lead: dict[str, Any]) -> bool:
    """Done, or waiting for a time that was promised; never with a call whose end nobody heard."""
    if lead["status"] == "done":
        return True
    return lead["status"] == "new" and lead["next_attempt_at"] is not None and lead["attempts"] != []
