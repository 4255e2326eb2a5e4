"""Recordings of calls that came in: fetched, kept and deleted as those of calls that went out."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from activities.keeping_recordings import Shift
from storage import recordings
from storage.models import AttemptRow, AuditEntryRow, InboundCallRow, LeadRow
from tests.activities.provider_edge import ProviderEdge
from tests.activities.recording_stage import LINK, WAV, Links, RecordingStage, says
from tests.activities.stage import Clock
from tests.activities.webhooks import payload, rings_in, take
from tests.builders import NOON, Sessions, World, add_attempt_of, add_campaign, add_lead, change, reread

CALLER, STRANGER = "+13125550123", "+14155550199"
RECORDED = {"recording_url": LINK}


@pytest.fixture
async def recording_stage(
    sessions: Sessions, world: World, clock: Clock, tmp_path: Path
) -> AsyncIterator[RecordingStage]:
    links = Links({LINK: says})
    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(links)) as followed,
        httpx.AsyncClient(transport=httpx.MockTransport(ProviderEdge())) as asked,
    ):
        yield RecordingStage(sessions, world, clock, tmp_path / "recordings", ProviderEdge(), followed, asked)


async def the_call(sessions: Sessions) -> InboundCallRow:
    async with sessions() as session:
        return (await session.scalars(select(InboundCallRow))).one()


async def rang(sessions: Sessions, world: World, number: str = CALLER) -> InboundCallRow:
    """A call that came in, and whose recording the provider has a link to."""
    await take(sessions, world.account, rings_in("call_analyzed", number, **RECORDED))
    return await the_call(sessions)


async def test_a_recording_is_kept_and_written_down(
    recording_stage: RecordingStage, sessions: Sessions, world: World
) -> None:
    row = await rang(sessions, world, STRANGER)
    assert await recording_stage.round() == Shift(kept=1)
    kept = await reread(sessions, row)
    assert kept.recording_path == f"{world.organization.id}/{row.created_at:%Y-%m}/{row.id}"
    assert recording_stage.files() == {kept.recording_path: WAV}
    assert (kept.recording_fetched_at, kept.recording_type) == (recording_stage.clock.now, "audio/wav")
    assert await recording_stage.round() == Shift()


async def test_neither_kind_waits_for_all_of_the_others(
    recording_stage: RecordingStage, sessions: Sessions, world: World
) -> None:
    for number in range(3):
        await recording_stage.recorded(number + 1)
    await rang(sessions, world, STRANGER)
    async with sessions.begin() as session:
        now = recording_stage.clock.now
        turns = [
            await recordings.claim_to_fetch(session, now=now, until=now + timedelta(minutes=1), limit=2, first=first)
            for first in ("inbound", "outbound")
        ]
    assert [[one.direction for one in turn] for turn in turns] == [["inbound", "outbound"], ["outbound"] * 2]


async def test_a_recording_goes_when_the_days_of_its_campaign_are_over(
    recording_stage: RecordingStage, sessions: Sessions, world: World
) -> None:
    await change(sessions, world.campaign, recording_days=30)
    await change(sessions, (await add_campaign(sessions, world)).campaign, recording_days=90)
    await add_lead(sessions, world, CALLER)
    row = await rang(sessions, world)
    assert row.campaign_id == world.campaign.id
    await recording_stage.round()
    recording_stage.clock.now = (row.ended_at or NOON) + timedelta(days=30)
    assert await recording_stage.round() == Shift()
    recording_stage.clock.forward(seconds=1)
    assert await recording_stage.round() == Shift(deleted=1)
    gone = await reread(sessions, row)
    assert recording_stage.files() == {}
    assert (gone.recording_deletion, gone.recording_url, gone.recording_path) == ("retention", None, None)
    async with sessions() as session:
        (entry,) = await session.scalars(select(AuditEntryRow))
    assert (entry.target_id, entry.details) == (world.campaign.id, {"count": 1, "by": "retention"})


async def test_one_of_a_stranger_stays_as_long_as_the_campaign_that_keeps_them_longest_and_deletes_them_at_all(
    recording_stage: RecordingStage, sessions: Sessions, world: World
) -> None:
    row = await rang(sessions, world, STRANGER)
    await recording_stage.round()
    recording_stage.clock.now = (row.ended_at or NOON) + timedelta(days=90, seconds=1)
    assert await recording_stage.round() == Shift(), "no campaign deletes any"
    for days in (30, 90, None):
        await change(sessions, (await add_campaign(sessions, world)).campaign, recording_days=days)
    recording_stage.clock.forward(seconds=-1)
    assert await recording_stage.round() == Shift()
    recording_stage.clock.forward(seconds=1)
    assert await recording_stage.round() == Shift(deleted=1)
    async with sessions() as session:
        (entry,) = await session.scalars(select(AuditEntryRow))
    assert (entry.target_id, entry.details) == (None, {"count": 1, "by": "retention"})


async def test_erasing_a_person_leaves_none_of_their_own_calls(
    recording_stage: RecordingStage, sessions: Sessions, world: World
) -> None:
    lead = await add_lead(sessions, world, CALLER)
    row = await rang(sessions, world)
    await recording_stage.round()
    async with sessions.begin() as session:
        assert await recordings.order_deletion_of_contact(session, lead.contact_id) == 1
        (left,) = await recordings.recordings_of_contact(session, lead.contact_id)
    assert (left.row_id, left.direction) == (row.id, "inbound")
    assert await recording_stage.round() == Shift(deleted=1)
    assert recording_stage.files() == {}


@pytest.fixture
async def lead(sessions: Sessions, world: World) -> LeadRow:
    return await add_lead(sessions, world, CALLER)


@pytest.mark.parametrize("direction", ["outbound", "inbound"])
@pytest.mark.parametrize("event", ["call_ended", "call_analyzed"])
@pytest.mark.parametrize("is_settled", [True, False], ids=["settled", "open"])
async def test_a_report_that_comes_late_does_not_bring_a_deleted_recordings_link_back(
    sessions: Sessions, world: World, lead: LeadRow, direction: str, event: str, is_settled: bool
) -> None:
    call: AttemptRow | InboundCallRow
    if direction == "outbound":
        call = await add_attempt_of(sessions, world, lead, "in_progress", call_id="call_1", first_sent_at=NOON)
        report: dict[str, Any] = payload(event, call, **RECORDED)
    else:
        await take(sessions, world.account, rings_in("call_started", CALLER))
        call, report = await the_call(sessions), rings_in(event, CALLER, **RECORDED)
    over = {"outcome": "answered", "settled_at": NOON} if is_settled else {}
    freed = {"slot_released_at": NOON, "counts": True} if is_settled and direction == "outbound" else {}
    await change(sessions, call, status="done" if is_settled else "in_progress", **over, **freed)
    async with sessions.begin() as session:
        assert await recordings.order_deletion_of_contact(session, lead.contact_id) == 1
    await take(sessions, world.account, report)
    after = await reread(sessions, call)
    assert (after.recording_deletion, after.recording_url) == ("erasure", None)
    assert after.transcript is not None, "all else that is reported is kept"
