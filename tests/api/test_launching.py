"""What keeps a campaign of a real account from its launch is said all at once; in play it is only said."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from runtime.settings import Settings
from storage.models import AttemptRow, AuditEntryRow, CampaignRow
from tests.api.pretend_provider import PretendProvider, refused

KEY = "key_of_agency_number_one"
NUMBER = "+12125550111"
PHONE = "+12125550199"
CONFIRMED = {"confirm_disclosure": True, "confirm_opt_out": True}
Sessions = async_sessionmaker[AsyncSession]
Member = Callable[[str], Awaitable[httpx.AsyncClient]]


@pytest.fixture(scope="session")
def settings(settings: Settings) -> Settings:
    given = Settings.model_validate({"LEADLINE_SECRETS_KEY": "s" * 32})
    return settings.model_copy(update={"secrets_keys": given.secrets_keys})


@pytest.fixture
def provider() -> PretendProvider:
    provider = PretendProvider({KEY})
    provider.has_agent("agent_1", True, True, False, prompt="Hello {{lead_name}}, it is {{current_time}}.")
    provider.has_number(NUMBER, "agent_1")
    return provider


@pytest.fixture
async def provider_http(provider: PretendProvider) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(provider)) as http:
        yield http


@pytest.fixture
async def path(admin: httpx.AsyncClient) -> str:
    """A draft of a real account, whose agent and number are there."""
    account = (await admin.post("/api/v1/accounts", json={"name": "Agency", "api_key": KEY})).json()
    body = {"name": "Numbers", "account_id": account["id"], "from_numbers": [NUMBER]}
    pool = (await admin.post("/api/v1/number-pools", json=body)).json()
    campaign = {"name": "Spring", "number_pool_id": pool["id"], "agent_id": "agent_1"}
    return f"/api/v1/campaigns/{(await admin.post('/api/v1/campaigns', json=campaign)).json()['id']}"


async def reasons(admin: httpx.AsyncClient, path: str, body: dict[str, Any] | None = None) -> set[str]:
    """Why it wasn't launched; nothing is changed then."""
    answer = await admin.post(f"{path}/launch", json=CONFIRMED if body is None else body)
    assert answer.status_code == 409, answer.text
    assert all(reason["detail"] and reason["remedy"] for reason in answer.json()["reasons"])
    assert (await admin.get(path)).json()["status"] == "draft"
    return {reason["code"] for reason in answer.json()["reasons"]}


async def test_a_launch_pins_the_latest_published_version_and_keeps_who_confirmed_what(
    admin: httpx.AsyncClient, path: str, sessions: Sessions
) -> None:
    answer = await admin.post(f"{path}/launch", json=CONFIRMED)
    assert (answer.status_code, answer.json()["status"], answer.json()["agent_version"]) == (200, "running", "1")
    assert answer.json()["warnings"] == []
    async with sessions() as session:
        row = await session.get_one(CampaignRow, path.rsplit("/", 1)[1])
        entry = await session.scalar(select(AuditEntryRow).where(AuditEntryRow.action == "campaign.launched"))
    assert None not in (row.disclosure_confirmed_at, row.opt_out_confirmed_at, entry)
    assert row.disclosure_confirmed_by == row.opt_out_confirmed_by is not None
    again = await admin.post(f"{path}/launch")
    assert (again.status_code, again.json()["status"]) == (200, "running")


async def test_everything_that_is_against_a_launch_is_said_at_once(
    admin: httpx.AsyncClient, path: str, provider: PretendProvider
) -> None:
    provider.numbers.clear()
    await admin.patch(path, json={"agent_id": "agent_9"})
    assert await reasons(admin, path, {"pilot": 5}) == {
        "agent_unknown",
        "caller_id_missing",
        "disclosure_unconfirmed",
        "opt_out_unconfirmed",
    }


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param({"agent_id": "draft"}, "agent_unpublished", id="never-published"),
        pytest.param({"agent_version": 2}, "agent_unpublished", id="a-draft"),
        pytest.param({"agent_version": 7}, "agent_version_unknown", id="no-such-version"),
        pytest.param({"agent_id": "curious"}, "variables_unfilled", id="a-variable-of-nobody"),
    ],
)
async def test_an_agent_that_cannot_speak_is_no_agent(
    admin: httpx.AsyncClient, path: str, provider: PretendProvider, change: dict[str, Any], code: str
) -> None:
    provider.has_agent("draft", False)
    provider.has_agent("curious", True, prompt="About your {{car}}, {{ lead_name }}:")
    await admin.patch(path, json=change)
    for number, fields in (("+13125550123", {"car": "Volvo"}), ("+13125550124", {"bike": 1})):
        body = {"phone_number": number, "campaign_id": path.rsplit("/", 1)[1], "custom_fields": fields}
        assert (await admin.post("/api/v1/leads", json=body)).status_code == 201
    assert await reasons(admin, path) == {code}


async def test_variables_that_leads_or_the_agent_itself_fill_keep_nobody(
    admin: httpx.AsyncClient, path: str, provider: PretendProvider
) -> None:
    provider.prompts["llm_agent_1"] |= {
        "begin_message": "{{car}} {{greeting}} {{current_time_America/Chicago}}",
        "default_dynamic_variables": {"greeting": "Hello"},
    }
    body = {"phone_number": PHONE, "campaign_id": path.rsplit("/", 1)[1], "custom_fields": {"car": "Volvo"}}
    await admin.post("/api/v1/leads", json=body)
    answer = await admin.post(f"{path}/launch", json=CONFIRMED)
    assert (answer.status_code, answer.json()["warnings"]) == (200, []), answer.text


async def test_a_number_without_an_agent_cannot_call(
    admin: httpx.AsyncClient, path: str, provider: PretendProvider
) -> None:
    provider.has_number(NUMBER)
    assert await reasons(admin, path) == {"caller_id_unbound"}


async def test_a_key_that_was_taken_back_is_a_reason_and_a_provider_that_is_away_is_said(
    admin: httpx.AsyncClient, path: str, provider: PretendProvider
) -> None:
    provider.keys.clear()
    assert await reasons(admin, path) == {"account_refused"}
    provider.is_away = True
    answer = await admin.post(f"{path}/launch", json=CONFIRMED)
    assert (answer.status_code, "can't be asked" in answer.json()["detail"]) == (503, True)
    assert (await admin.get(path)).json()["status"] == "draft"


async def test_what_was_confirmed_before_the_launch_holds_until_the_agent_is_another(
    admin: httpx.AsyncClient, path: str, provider: PretendProvider
) -> None:
    provider.has_agent("agent_2", True)
    changed = await admin.patch(path, json={"disclosure_confirmed": True, "opt_out_confirmed": True})
    assert changed.json()["disclosure_confirmed_at"] is not None
    changed = await admin.patch(path, json={"agent_id": "agent_2"})
    assert (changed.json()["disclosure_confirmed_at"], changed.json()["agent_version"]) == (None, None)
    assert await reasons(admin, path, {}) == {"disclosure_unconfirmed", "opt_out_unconfirmed"}
    await admin.patch(path, json={"disclosure_confirmed": True, "opt_out_confirmed": True})
    await admin.patch(path, json={"opt_out_confirmed": False})
    assert await reasons(admin, path, {}) == {"opt_out_unconfirmed"}


async def test_in_play_a_plain_launch_works_and_tells_what_a_real_one_would_lack(admin: httpx.AsyncClient) -> None:
    made = (await admin.post("/api/v1/campaigns", json={"name": "Play"})).json()
    answer = await admin.post(f"/api/v1/campaigns/{made['id']}/launch")
    assert (answer.status_code, answer.json()["status"]) == (200, "running")
    codes = {warning["code"] for warning in answer.json()["warnings"]}
    assert codes >= {"disclosure_unconfirmed", "opt_out_unconfirmed"}


async def test_a_launched_campaign_stays_with_its_account(
    admin: httpx.AsyncClient, path: str, provider: PretendProvider
) -> None:
    provider.keys.add("key_of_agency_number_two")
    body = {"name": "Other", "api_key": "key_of_agency_number_two"}
    other = (await admin.post("/api/v1/accounts", json=body)).json()
    pool = (await admin.post("/api/v1/number-pools", json={"name": "Others", "account_id": other["id"]})).json()
    own = (await admin.get(path)).json()["number_pool_id"]
    await admin.post(f"{path}/launch", json=CONFIRMED)
    assert (await admin.patch(path, json={"number_pool_id": pool["id"]})).status_code == 409
    assert (await admin.patch(f"/api/v1/number-pools/{own}", json={"account_id": other["id"]})).status_code == 409


async def test_a_test_call_rings_ones_own_phone_once_and_counts_nowhere(
    admin: httpx.AsyncClient, path: str, provider: PretendProvider, sessions: Sessions
) -> None:
    body = {"phone_number": "(212) 555-0199", "name": "Ida", "custom_fields": {"car": "Volvo"}}
    answer = await admin.post(f"{path}/test-call", json=body)
    assert answer.status_code == 201, answer.text
    assert (answer.json()["call_id"], answer.json()["from_number"]) == ("call_1", NUMBER)
    (dial,) = provider.dialled
    assert (dial["to_number"], dial["override_agent_id"]) == (PHONE, "agent_1")
    assert dial["retell_llm_dynamic_variables"]["car"] == "Volvo"
    assert "attempt_id" not in dial["metadata"]
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(AttemptRow)) == 0
    assert (await admin.get("/api/v1/calls")).json()["items"] == []


async def test_a_test_call_is_shown_as_the_provider_knows_it(
    admin: httpx.AsyncClient, path: str, provider: PretendProvider
) -> None:
    await admin.post(f"{path}/test-call", json={"phone_number": PHONE})
    provider.calls["call_1"] = {"call_id": "call_1", "call_status": "ended", "disconnection_reason": "user_hangup"}
    shown = (await admin.get("/api/v1/calls/call_1")).json()
    assert (shown["direction"], shown["ended"], shown["disconnection_reason"]) == ("test", True, "user_hangup")
    assert (await admin.get("/api/v1/calls/call_2")).status_code == 404


@pytest.mark.parametrize("how", ["a person's wish", "an imported list", "the kill switch", "a refusal"])
async def test_a_test_call_that_may_not_or_cannot_be_made_rings_nowhere(
    admin: httpx.AsyncClient, path: str, provider: PretendProvider, how: str
) -> None:
    match how:
        case "a person's wish":
            await admin.post("/api/v1/do-not-call", json={"phone_number": PHONE})
        case "an imported list":
            headers = {"content-type": "text/plain"}
            url = "/api/v1/do-not-call/import?name=Mine"
            assert (await admin.post(url, content=PHONE, headers=headers)).status_code == 200
        case "the kill switch":
            await admin.post("/api/v1/organizations/current/stop")
        case _:
            provider.refuses_dials = refused(402, "Trial has ended, please add payment method.")
    answer = await admin.post(f"{path}/test-call", json={"phone_number": PHONE})
    assert answer.status_code == 409, answer.text
    assert len(provider.dialled) == (how == "a refusal")


async def test_test_calls_are_for_trying_an_agent_and_not_for_calling_people(
    admin: httpx.AsyncClient, member: Member, path: str
) -> None:
    for _ in range(30):
        assert (await admin.post(f"{path}/test-call", json={"phone_number": PHONE})).status_code == 201
    answer = await admin.post(f"{path}/test-call", json={"phone_number": PHONE})
    assert (answer.status_code, "within the hour" in answer.json()["detail"]) == (409, True)
    viewer = await member("viewer")
    assert (await viewer.post(f"{path}/test-call", json={"phone_number": PHONE})).status_code == 403
