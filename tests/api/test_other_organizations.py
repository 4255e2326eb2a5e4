"""Every route, asked with what belongs to somebody else."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from domain.vocabulary import AttemptStatus
from storage.models import (
    ApiKeyRow,
    DoNotCallListRow,
    EventDeliveryRow,
    EventSubscriptionRow,
    InvitationRow,
    LeadImportRow,
    MembershipRow,
    UserRow,
    WebhookKeyRow,
)
from tests.api.who_may_what import (
    FOREIGN_NUMBER,
    LEAD,
    NOWHERE,
    TABLE,
    Everybody,
    Json,
    Sessions,
    ask,
    everybody,
)
from tests.builders import World, add_attempt_of, add_lead, add_world

__all__ = ["everybody"]

WITH_IDS = [at for at in TABLE if "{" in at[1] and not at[1].startswith("/api/v1/calls/webhook")]


@pytest.fixture
async def foreign(admin: httpx.AsyncClient, sessions: Sessions) -> Mapping[str, str]:
    """What another organisation has: one of everything that stands in a path."""
    world = await add_world(sessions)
    lead = await add_lead(sessions, world, FOREIGN_NUMBER)
    attempt = await add_attempt_of(sessions, world, lead, AttemptStatus.IN_PROGRESS, call_id="call_of_somebody_else")
    rows = await _people_and_keys(sessions, world)
    return {
        "lead_id": str(lead.id),
        "campaign_id": str(world.campaign.id),
        "pool_id": str(world.pool.id),
        "account_id": str(world.account.id),
        "call_id": str(attempt.call_id),
        "phone_number": FOREIGN_NUMBER,
        **{name: str(row_id) for name, row_id in rows.items()},
    }


async def _people_and_keys(sessions: Sessions, world: World) -> Mapping[str, UUID]:
    owner = {"organization_id": world.organization.id}
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    ids = {
        name: uuid4()
        for name in (
            "list_id",
            "webhook_key_id",
            "invitation_id",
            "api_key_id",
            "user_id",
            "import_id",
            "subscription_id",
            "delivery_id",
        )
    }
    rows = [
        UserRow(id=ids["user_id"], email="stranger@example.com", password_hash="-"),
        ApiKeyRow(id=ids["api_key_id"], name="Theirs", role="admin", key_hash="-", hint="-", **owner),
        DoNotCallListRow(id=ids["list_id"], name="Theirs", kind="list", **owner),
        WebhookKeyRow(id=ids["webhook_key_id"], account_id=world.account.id, fingerprint="-", sealed="-", **owner),
        EventSubscriptionRow(id=ids["subscription_id"], url="https://theirs.example.com", sealed_secret="-", **owner),
        EventDeliveryRow(
            id=ids["delivery_id"],
            subscription_id=ids["subscription_id"],
            event_type="ping",
            subject="subscription",
            subject_id=ids["subscription_id"],
            **owner,
        ),
        LeadImportRow(
            id=ids["import_id"],
            campaign_id=world.campaign.id,
            format="csv",
            encoding="utf-8",
            columns=[],
            targets=[],
            mapping={},
            bytes_total=0,
            row_number=1,
            touched_at=tomorrow,
            **owner,
        ),
        InvitationRow(
            id=ids["invitation_id"], email="x@example.com", role="viewer", token_hash="-", expires_at=tomorrow, **owner
        ),
    ]
    async with sessions.begin() as session:
        session.add_all(rows)
        await session.flush()
        session.add(MembershipRow(organization_id=world.organization.id, user_id=ids["user_id"], role="viewer"))
    return ids


@pytest.mark.parametrize("at", WITH_IDS, ids=" ".join)
async def test_what_belongs_to_another_organisation_is_as_if_it_were_not_there(
    everybody: Everybody, foreign: Mapping[str, str], at: tuple[str, str]
) -> None:
    there, nowhere = await ask(everybody["admin"], at, foreign), await ask(everybody["admin"], at, NOWHERE)
    assert there.status_code == nowhere.status_code == TABLE[at].answer
    assert _without_ids(there, foreign) == _without_ids(nowhere, NOWHERE)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        pytest.param("POST", "/api/v1/leads", {**LEAD, "campaign_id": "campaign_id"}, id="a-lead-in-their-campaign"),
        pytest.param("POST", "/api/v1/campaigns", {"name": "x", "number_pool_id": "pool_id"}, id="over-their-pool"),
        pytest.param(
            "POST",
            "/api/v1/event-subscriptions",
            {"url": "https://crm.example.com", "campaign_id": "campaign_id"},
            id="events-of-their-campaign",
        ),
        pytest.param("POST", "/api/v1/number-pools", {"name": "x", "account_id": "account_id"}, id="of-their-account"),
    ],
)
async def test_nothing_is_hung_on_what_belongs_to_another_organisation(
    everybody: Everybody, foreign: Mapping[str, str], method: str, path: str, body: Json
) -> None:
    answers = [
        await everybody["admin"].request(
            method, path, json={name: ids.get(value, value) for name, value in body.items()}
        )
        for ids in (foreign, NOWHERE)
    ]
    assert answers[0].status_code == answers[1].status_code == 404
    assert answers[0].json()["detail"] == answers[1].json()["detail"]


@pytest.mark.parametrize("path", ["/api/v1/leads", "/api/v1/calls", "/api/v1/analytics/summary", "/api/v1/calls/live"])
async def test_nothing_is_cut_down_to_another_organisations_campaign(
    everybody: Everybody, foreign: Mapping[str, str], path: str
) -> None:
    viewer = everybody["viewer"]
    answers = [await viewer.get(path, params={"campaign_id": ids["campaign_id"]}) for ids in (foreign, NOWHERE)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json()["detail"] == answers[1].json()["detail"]


@pytest.mark.parametrize("at", [at for at in TABLE if at[0] == "GET" and TABLE[at].answer == 200], ids=" ".join)
async def test_no_list_shows_anything_of_another_organisation(
    everybody: Everybody, foreign: Mapping[str, str], at: tuple[str, str]
) -> None:
    answer = await ask(everybody["admin"], at, NOWHERE)
    assert [name for name, value in foreign.items() if value in answer.text] == []


def _without_ids(answer: httpx.Response, ids: Mapping[str, str]) -> Json | None:
    written = answer.text
    for value in ids.values():
        written = written.replace(value, "…")
    return {**json.loads(written), "request_id": None} if written else None
