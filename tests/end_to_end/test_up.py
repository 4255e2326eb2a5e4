"""``./leadline up``: a lead goes in, its transcript comes out, and whatever is killed goes on where it stopped."""

import re
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import httpx
import pytest

from simulator.plans import plan_call
from simulator.scenarios import Scenario
from simulator.settings import Settings
from tests.end_to_end.conftest import Launch
from tests.end_to_end.launched import Launched, attempts_of, wait_until

LEADS = 20
TRIES = 4
EVERY_DAY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
CAMPAIGN = {
    "name": "End to end",
    "windows": [{"days": EVERY_DAY, "opens": "00:00", "closes": "24:00"}],
    "calling_rules": "off",
    "max_attempts": TRIES,
    "max_call_seconds": 60,
    "retry_delays": {outcome: [1] for outcome in ("no_answer", "busy", "voicemail", "failed", "declined", "unknown")},
}

Json = dict[str, Any]

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(600)]


def fates(number: str) -> Sequence[Scenario]:
    """What becomes of the calls to a number; it follows from the number, so it is the same after a restart."""
    return [plan_call(Settings(), number, earlier, None).scenario for earlier in range(TRIES + 1)]


def numbers() -> list[str]:
    """Numbers whose people don't ask to be called in two hours; the first one answers."""
    fiction = [f"+1{area}55501{line:02}" for area in ("212", "312") for line in range(100)]
    usable = [number for number in fiction if Scenario.CALLBACK not in fates(number)]
    return sorted(usable, key=lambda number: fates(number)[0] is not Scenario.ANSWER)


class Person:
    """Signed in, over HTTP, for the length of a ``with`` block."""

    def __init__(self, up: Launched, password: str) -> None:
        self._password = password
        self._http = httpx.Client(base_url=up.addresses()["api"] + "/api/v1", timeout=60, trust_env=False)

    def __enter__(self) -> Self:
        form = {"username": "admin@localhost", "password": self._password}
        token = _body(self._http.post("/auth/token", data=form))
        self._http.headers["Authorization"] = f"Bearer {token['access_token']}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def post(self, path: str, body: Json | None = None) -> Json:
        return _body(self._http.post(path, json=body))

    def get(self, path: str, **query: str) -> Json:
        return _body(self._http.get(path, params=query))

    def launched_campaign(self) -> str:
        campaign_id = str(self.post("/campaigns", CAMPAIGN)["id"])
        self.post(f"/campaigns/{campaign_id}/launch")
        return campaign_id

    def done(self, campaign_id: str) -> list[Json]:
        found: list[Json] = self.get("/leads", campaign_id=campaign_id, status="done", limit="200")["items"]
        return found


def _body(answer: httpx.Response) -> Json:
    assert answer.is_success, answer.text
    body: Json = answer.json()
    return body


def figures_of_the_worker(up: Launched) -> dict[str, float]:
    page = httpx.get(up.addresses()["worker"] + "/metrics", timeout=60, trust_env=False).text
    lines = [line.rsplit(" ", 1) for line in page.splitlines() if line.startswith("leadline_")]
    return {name: float(value) for name, value in lines}


def password_in(output: str) -> str:
    found = re.search(r"password (\S+) \(shown this once\)", output)
    assert found, output
    return found.group(1)


def test_a_lead_is_called_and_after_everything_was_killed_all_others_are_too(launch: Launch) -> None:
    one, *others = numbers()[: LEADS + 1]
    first = launch("up", LEADLINE_RATE_LIMIT="off")
    first.wait_for("Leadline is up")
    password = password_in(first.output)
    with Person(first, password) as person:
        campaign_id = person.launched_campaign()
        lead_id = person.post("/leads", {"phone_number": one, "campaign_id": campaign_id})["id"]
        wait_until(lambda: person.done(campaign_id), "the first lead is done")
        lead = person.get(f"/leads/{lead_id}")
        assert (lead["outcome"], len(lead["attempts"])) == ("reached", 1)
        assert "User:" in lead["attempts"][0]["transcript"]
        figures = figures_of_the_worker(first)
        assert figures['leadline_reconciliation_rounds_total{result="done"}'] >= 1
        assert figures['leadline_reconciliation_findings_total{finding="limits_unread"}'] == 0
        assert "leadline_provider_limits_read_timestamp_seconds" in figures
        leads = [{"phone_number": number, "campaign_id": campaign_id} for number in others]
        answers = person.post("/leads/batch", {"leads": leads})["items"]
        assert [answer["status"] for answer in answers] == [201] * LEADS
        wait_until(lambda: len(first.accepted_calls()) > LEADS // 4, "some calls are under way")
    first.kill_everything()
    accepted_before = len(first.accepted_calls())

    second = launch("up", LEADLINE_RATE_LIMIT="off")
    second.wait_for("Leadline is up")
    with Person(second, password) as person:
        wait_until(lambda: len(person.done(campaign_id)) == LEADS + 1, "all leads are done")
    attempts = attempts_of(second.accepted_calls())
    assert len(attempts) > accepted_before  # it was killed in mid-run
    assert len(set(attempts)) == len(attempts)
    assert set(others) <= {call["to_number"] for call in second.accepted_calls()}
    assert second.stop() == 0, second.output
