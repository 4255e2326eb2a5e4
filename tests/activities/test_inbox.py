"""Webhooks: kept once, applied in any order to the same end, told to the workflow."""

import asyncio
import itertools
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from activities import inbox
from activities.inbox import Taken
from activities.lead_workflows import EngineAway
from storage.models import AccountRow, AttemptRow, ContactRow, LeadRow, WebhookEventRow
from tests.activities.engine_edge import EngineEdge
from tests.activities.stage import Clock, Stage
from tests.activities.webhooks import BEGUN, HEARD, LIFECYCLE, payload, take
from tests.builders import NOON, Sessions, World, add_attempt_of, add_lead, reread


@pytest.fixture
async def lead(sessions: Sessions, world: World) -> LeadRow:
    return await add_lead(sessions, world)


@pytest.fixture
async def attempt(sessions: Sessions, world: World, lead: LeadRow) -> AttemptRow:
    return await add_attempt_of(sessions, world, lead, "dialling", first_sent_at=NOON, last_sent_at=NOON)


async def events(sessions: Sessions) -> Sequence[WebhookEventRow]:
    async with sessions() as session:
        return (await session.scalars(select(WebhookEventRow).order_by(WebhookEventRow.event))).all()


def final_facts(row: AttemptRow) -> dict[str, Any]:
    return {column: getattr(row, column) for column in AttemptRow.__table__.columns.keys() if column != "look_up_at"}  # noqa: SIM118


@pytest.mark.parametrize("order", list(itertools.permutations(LIFECYCLE)), ids="-".join)
async def test_every_order_of_a_calls_events_leads_to_the_same_row(
    sessions: Sessions, world: World, attempt: AttemptRow, order: Sequence[str]
) -> None:
    for event in (*order, *order):
        await take(sessions, world.account, payload(event, attempt))
    row = await reread(sessions, attempt)
    assert (row.status, row.outcome, row.counts, row.call_id) == ("done", "answered", True, "call_1")
    assert (row.started_at, row.ended_at) == (BEGUN + timedelta(seconds=1), BEGUN + timedelta(seconds=31))
    assert (row.transcript, row.cost_cents, row.provider_status) == (
        "Agent: Hello\nUser: Hello\n",
        Decimal("12.5"),
        "ended",
    )
    assert (row.slot_released_at, row.request_body, row.look_up_at) == (HEARD, None, None)
    assert [event.event for event in await events(sessions)] == ["call_analyzed", "call_ended", "call_started"]


async def test_three_events_ten_times_each_and_all_at_once_have_one_effect(
    sessions: Sessions, world: World, attempt: AttemptRow
) -> None:
    written = [payload(event, attempt) for event in LIFECYCLE * 10]
    taken = await asyncio.gather(*(take(sessions, world.account, one) for one in written))
    assert sum(one.forward is not None for one in taken) == 1
    assert len(await events(sessions)) == 3
    row = await reread(sessions, attempt)
    assert (row.status, row.outcome, row.slot_released_at) == ("done", "answered", HEARD)


async def test_an_end_frees_the_slot(sessions: Sessions, world: World, attempt: AttemptRow) -> None:
    for event in ("call_started", "call_ended"):
        assert await take(sessions, world.account, payload(event, attempt)) == Taken()
    row = await reread(sessions, attempt)
    assert (row.status, row.slot_released_at) == ("in_progress", HEARD)


async def test_the_analysis_is_what_the_workflow_hears_of_at_once(
    sessions: Sessions, world: World, attempt: AttemptRow
) -> None:
    for event in LIFECYCLE:
        taken = await take(sessions, world.account, payload(event, attempt))
        assert taken.forward == (attempt.id if event == "call_analyzed" else None)


async def test_a_start_that_proves_an_unconfirmed_dial_is_told_at_once(
    sessions: Sessions, world: World, lead: LeadRow
) -> None:
    attempt = await add_attempt_of(sessions, world, lead, "unconfirmed", first_sent_at=NOON, last_sent_at=NOON)
    assert (await take(sessions, world.account, payload("call_started", attempt))).forward == attempt.id
    assert (await reread(sessions, attempt)).status == "in_progress"


async def test_a_call_that_nobody_made_is_kept(sessions: Sessions, world: World) -> None:
    assert await take(sessions, world.account, payload("call_ended", None)) == Taken()
    (event,) = await events(sessions)
    assert (event.attempt_id, event.forwarded_at, event.payload["event"]) == (None, HEARD, "call_ended")


async def test_a_call_is_known_by_its_id_where_the_metadata_say_nothing(
    sessions: Sessions, world: World, attempt: AttemptRow
) -> None:
    await take(sessions, world.account, payload("call_started", attempt))
    await take(sessions, world.account, payload("call_analyzed", None))
    assert (await reread(sessions, attempt)).outcome == "answered"


@pytest.mark.parametrize("whose", ["another account", "another call"])
async def test_an_event_that_is_not_meant_for_the_attempt_changes_nothing(
    sessions: Sessions, world: World, attempt: AttemptRow, whose: str
) -> None:
    account, call_id = world.account, "call_1"
    if whose == "another account":
        account = AccountRow(organization_id=world.organization.id, name="Other", provider="retell")
        async with sessions.begin() as session:
            session.add(account)
    else:
        await take(sessions, world.account, payload("call_started", attempt))
        call_id = "call_2"
    before = final_facts(await reread(sessions, attempt))
    await take(sessions, account, payload("call_analyzed", attempt, call_id=call_id))
    assert final_facts(await reread(sessions, attempt)) == before


@pytest.mark.parametrize(
    "call",
    [
        pytest.param({"disconnection_reason": "user_requested_dnc"}, id="by-reason"),
        pytest.param({"call_analysis": {"custom_analysis_data": {"do_not_call": True}}}, id="by-analysis"),
    ],
)
async def test_whoever_asks_not_to_be_called_again_never_is(
    sessions: Sessions, world: World, lead: LeadRow, attempt: AttemptRow, call: dict[str, Any]
) -> None:
    await take(sessions, world.account, payload("call_analyzed", attempt, **call))
    assert (await reread(sessions, attempt)).outcome == "opted_out"
    async with sessions() as session:
        contact = await session.get_one(ContactRow, lead.contact_id)
    assert (contact.do_not_call_at, contact.do_not_call_source) == (HEARD, "call")


async def test_an_analysis_that_comes_a_day_late_still_adds_do_not_call_and_changes_no_outcome(
    sessions: Sessions, world: World, lead: LeadRow, clock: Clock
) -> None:
    settled = await add_attempt_of(
        sessions,
        world,
        lead,
        "done",
        outcome="answered",
        counts=True,
        slot_released_at=NOON,
        settled_at=NOON,
        ended_at=NOON,
        call_id="call_1",
        request_body=None,
    )
    clock.forward(days=1)
    wish = {"call_analysis": {"call_summary": "Never again.", "custom_analysis_data": {"do_not_call": "yes"}}}
    await take(sessions, world.account, payload("call_analyzed", settled, **wish), clock)
    row = await reread(sessions, settled)
    assert (row.outcome, row.settled_at, row.slot_released_at) == ("answered", NOON, NOON)
    assert row.analysis is not None
    assert row.analysis["summary"] == "Never again."
    async with sessions() as session:
        assert (await session.get_one(ContactRow, lead.contact_id)).do_not_call_at == clock.now


async def test_what_comes_to_light_of_an_unknown_call_is_written_down_and_its_outcome_stands(
    sessions: Sessions, world: World, lead: LeadRow
) -> None:
    unknown = await add_attempt_of(
        sessions, world, lead, "done", outcome="unknown", counts=True, slot_released_at=NOON, settled_at=NOON
    )
    await take(sessions, world.account, payload("call_ended", unknown))
    row = await reread(sessions, unknown)
    assert (row.outcome, row.call_id, row.transcript) == ("unknown", "call_1", "Agent: Hello\nUser: Hello\n")
    assert row.ended_at == BEGUN + timedelta(seconds=31)


async def test_a_running_transcript_is_kept_with_the_attempt_and_never_in_the_inbox(
    sessions: Sessions, world: World, attempt: AttemptRow
) -> None:
    said = {"transcript_object": [{"role": "agent", "content": "Good day"}], "transcript": "Agent: Good day\n"}
    live = payload("call_started", attempt, **said) | {"event": "transcript_updated"}
    assert await take(sessions, world.account, live) == Taken()
    assert (await reread(sessions, attempt)).transcript == "Agent: Good day\n"
    await take(sessions, world.account, payload("call_ended", attempt))
    await take(sessions, world.account, live)
    assert (await reread(sessions, attempt)).transcript == "Agent: Hello\nUser: Hello\n"
    assert [event.event for event in await events(sessions)] == ["call_ended"]


def running(attempt: AttemptRow, *contents: str) -> dict[str, Any]:
    """What was said so far, a second for each utterance."""
    said = [
        {"role": "agent", "content": content, "words": [{"word": content, "start": second, "end": second + 0.9}]}
        for second, content in enumerate(contents)
    ]
    written = "".join(f"Agent: {content}\n" for content in contents)
    started = payload("call_started", attempt, transcript=written, transcript_object=said)
    return started | {"event": "transcript_updated"}


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
async def test_a_running_transcript_moves_forward_only(
    sessions: Sessions, world: World, attempt: AttemptRow, order: Sequence[int]
) -> None:
    words = ("Good day", "Are you there?", "Goodbye")
    for place, number in enumerate((*order, *order), start=1):
        await take(sessions, world.account, running(attempt, *words[: number + 1]))
        known = max((*order, *order)[:place])
        row = await reread(sessions, attempt)
        assert [one["content"] for one in row.utterances or ()] == list(words[: known + 1])
        assert row.transcript == "".join(f"Agent: {word}\n" for word in words[: known + 1])
    await take(sessions, world.account, payload("call_ended", attempt))
    assert (await reread(sessions, attempt)).transcript == "Agent: Hello\nUser: Hello\n"


async def test_a_workflow_is_told_once_what_it_has_not_been_told(
    stage: Stage, sessions: Sessions, world: World, lead: LeadRow, attempt: AttemptRow, engine: EngineEdge
) -> None:
    for event in ("call_started", "call_ended"):
        await take(sessions, world.account, payload(event, attempt))
    for _ in range(2):
        await inbox.forward(sessions, stage.workflows, [attempt.id], now=NOON)
    assert sorted(engine.signals) == [(f"lead-{lead.id}", "call_ended"), (f"lead-{lead.id}", "call_started")]


async def test_an_engine_that_is_away_leaves_events_to_be_forwarded_later(
    stage: Stage, sessions: Sessions, world: World, attempt: AttemptRow, engine: EngineEdge
) -> None:
    await take(sessions, world.account, payload("call_ended", attempt))
    engine.is_away = True
    with pytest.raises(EngineAway):
        await inbox.forward(sessions, stage.workflows, [attempt.id], now=NOON)
    (event,) = await events(sessions)
    assert event.forwarded_at is None
