"""Who may hear which recording, and that every hearing is noted."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select, text

from api.dependencies import Dependencies
from storage.models import AttemptRow, AuditEntryRow, CampaignRow, MembershipRow, OrganizationRow, UserRow
from tests.api.kept_recordings import URL, Kept, Member, Sessions, SignIn, dependencies, hearings, kept

__all__ = ["dependencies", "kept"]


async def test_each_hearing_is_noted_once_however_many_parts_it_takes(
    admin: httpx.AsyncClient, member: Member, kept: Kept, sessions: Sessions
) -> None:
    for start in (0, 1000, 500):
        await admin.get(URL, headers={"Range": f"bytes={start}-"})
    await (await member("viewer")).get(URL)
    entries = await hearings(sessions)
    assert len({entry.user_id for entry in entries}) == len(entries) == 2
    assert {entry.target_id for entry in entries} == {kept.attempt_id}
    assert entries[0].details == {"call_id": "call_1"}
    async with sessions.begin() as session:
        # The log only grows; without its trigger, which takes a superuser, time goes by in it.
        await session.execute(text("set local session_replication_role = replica"))
        for entry in await session.scalars(select(AuditEntryRow)):
            entry.created_at -= timedelta(minutes=11)
    await admin.get(URL, headers={"Range": "bytes=10-"})
    assert len(await hearings(sessions)) == 3


async def test_those_of_another_organization_find_no_such_call(
    dependencies: Dependencies, sign_in: SignIn, kept: Kept, sessions: Sessions
) -> None:
    async with sessions.begin() as session:
        other = OrganizationRow(id=uuid4(), name="Another agency")
        password = await dependencies.passwords.hash("x")
        stranger = UserRow(id=uuid4(), email="stranger@example.com", password_hash=password)
        session.add_all([other, stranger])
        await session.flush()
        session.add(MembershipRow(organization_id=other.id, user_id=stranger.id, role="admin"))
    answer = await (await sign_in("stranger@example.com", "x")).get(URL)
    assert (answer.status_code, answer.json()["detail"]) == (404, "There is no call with this id.")
    assert await hearings(sessions) == []


async def test_nobody_hears_anything_without_signing_in(anyone: httpx.AsyncClient, kept: Kept) -> None:
    assert (await anyone.get(URL)).status_code == 401


@pytest.mark.parametrize(
    ("recordings_for", "heard_by"),
    [
        pytest.param(None, ["admin", "operator", "viewer"], id="everybody"),
        pytest.param(["admin"], ["admin"], id="admins"),
        pytest.param(["operator"], ["admin", "operator"], id="operators"),
    ],
)
async def test_a_campaign_says_who_hears_its_recordings(
    admin: httpx.AsyncClient,
    member: Member,
    kept: Kept,
    sessions: Sessions,
    recordings_for: list[str] | None,
    heard_by: list[str],
) -> None:
    async with sessions.begin() as session:
        attempt = await session.get_one(AttemptRow, kept.attempt_id)
        (await session.get_one(CampaignRow, attempt.campaign_id)).recordings_for = recordings_for
    answers = {"admin": await admin.get(URL)}
    for role in ("operator", "viewer"):
        answers[role] = await (await member(role)).get(URL)
    assert [role for role, answer in answers.items() if answer.status_code == 200] == heard_by
    refused = [answer for answer in answers.values() if answer.status_code != 200]
    assert {answer.status_code for answer in refused} <= {403}
    assert all("admins" in answer.json()["detail"] for answer in refused)


async def test_only_an_admin_changes_who_hears_and_for_how_long_and_it_is_noted(
    admin: httpx.AsyncClient, member: Member, sessions: Sessions
) -> None:
    operator = await member("operator")
    given = {"name": "Quiet", "recording_days": 90, "recordings_for": ["admin"]}
    made = (await operator.post("/api/v1/campaigns", json=given)).json()
    assert (made["recording_days"], made["recordings_for"]) == (90, ["admin"])
    campaign = f"/api/v1/campaigns/{made['id']}"
    assert (await operator.patch(campaign, json={"recordings_for": None})).status_code == 403
    assert (await operator.patch(campaign, json={"recording_days": 1})).status_code == 403
    assert (await operator.patch(campaign, json={"max_attempts": 2})).status_code == 200
    changed = await admin.patch(campaign, json={"recording_days": None})
    assert (changed.status_code, changed.json()["recording_days"]) == (200, None)
    async with sessions() as session:
        noted = await session.scalars(
            select(AuditEntryRow).where(AuditEntryRow.action == "campaign.recordings_changed")
        )
        assert [entry.details for entry in noted] == [{"recording_days": None}]


@pytest.mark.parametrize(
    "given",
    [{"recording_days": 0}, {"recording_days": 10**6}, {"recordings_for": []}, {"recordings_for": ["everybody"]}],
)
async def test_a_setting_that_makes_no_sense_is_refused(admin: httpx.AsyncClient, given: dict[str, Any]) -> None:
    assert (await admin.post("/api/v1/campaigns", json={"name": "Odd"} | given)).status_code == 422
