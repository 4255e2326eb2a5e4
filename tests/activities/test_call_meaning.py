"""What a call meant is told by its analysis, whenever that comes, and what follows from it is done."""

import asyncio
import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from activities.aftermath import Line
from domain.steps import Stop, WaitUntil
from storage.models import AttemptRow, ContactRow, LeadRow, UserRow
from tests.activities.engine_edge import EngineEdge
from tests.activities.provider_edge import ProviderEdge, refuses
from tests.activities.stage import Clock, Stage
from tests.activities.webhooks import HEARD, LIFECYCLE, payload, says, take, unanswered
from tests.builders import NOON, Sessions, World, add_attempt_of, add_lead, add_lead_of, change, reread
from tests.patience import PATIENCE_SECONDS

WAITING = text("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")
PROMISED = "2026-03-03T10:00:00"
TABLE = [
    {"name": "later", "from": {"field": "mood", "equals": "busy"}, "then": "call_back"},
    {"name": "angry", "from": {"field": "mood", "equals": "angry"}, "then": ["do_not_call", "notify"]},
    {"name": "dead", "from": [{"outcome": "invalid_number"}, {"outcome": "unknown"}], "then": "do_not_call"},
    {"name": "never_rang", "from": {"outcome": "refused"}, "then": "stop"},
]


@pytest.fixture
async def lead(sessions: Sessions, world: World) -> LeadRow:
    return await add_lead(sessions, world)


@pytest.fixture
async def attempt(sessions: Sessions, world: World, lead: LeadRow) -> AttemptRow:
    return await add_attempt_of(sessions, world, lead, "dialling", first_sent_at=NOON, last_sent_at=NOON)


async def settled_without_analysis(
    sessions: Sessions, world: World, lead: LeadRow, outcome: str, **columns: object
) -> AttemptRow:
    """Its end was looked up, and the analysis is late."""
    usual = {"ended_at": NOON, "settled_at": NOON, "slot_released_at": NOON, "call_id": "call_1", "request_body": None}
    return await add_attempt_of(sessions, world, lead, "done", outcome=outcome, counts=True, **(usual | columns))


async def contact_of(sessions: Sessions, lead: LeadRow) -> ContactRow:
    async with sessions() as session:
        return await session.get_one(ContactRow, lead.contact_id)


async def another_lead_of(sessions: Sessions, world: World, lead: LeadRow, **columns: object) -> LeadRow:
    return await add_lead_of(sessions, world, await contact_of(sessions, lead), **columns)


@pytest.mark.parametrize("order", list(itertools.permutations(LIFECYCLE)), ids="-".join)
async def test_a_call_has_one_disposition_whatever_comes_first_and_is_notified_of_once(
    sessions: Sessions, world: World, attempt: AttemptRow, order: Sequence[str]
) -> None:
    lines: list[Line] = []
    for event in (*order, *order):
        said = says(interest="High") if event == "call_analyzed" else {}
        taken = await take(sessions, world.account, payload(event, attempt, **said))
        lines += taken.aftermath.lines
    row = await reread(sessions, attempt)
    assert (row.outcome, row.disposition, row.disposition_by) == ("answered", "interested", None)
    assert [line.event for line in lines] == ["disposition_notify"]
    ids = (("organization", world.organization), ("campaign", world.campaign), ("attempt", attempt))
    assert dict(lines[0].fields) == {f"{name}_id": str(row.id) for name, row in ids} | {"lead_id": str(row.lead_id)}


async def test_the_campaigns_own_table_is_read(sessions: Sessions, world: World, attempt: AttemptRow) -> None:
    await change(sessions, world.campaign, dispositions=TABLE)
    await take(sessions, world.account, payload("call_analyzed", attempt, **says(mood="busy", interest="high")))
    assert (await reread(sessions, attempt)).disposition == "later"


async def test_an_end_alone_meant_nothing_yet(sessions: Sessions, world: World, attempt: AttemptRow) -> None:
    await take(sessions, world.account, payload("call_ended", attempt, **says(interest="high")))
    row = await reread(sessions, attempt)
    assert (row.status, row.disposition) == ("in_progress", None)


async def test_a_lead_that_is_done_is_given_the_disposition_of_an_analysis_that_comes_late(
    stage: Stage, sessions: Sessions, world: World, lead: LeadRow
) -> None:
    settled = await settled_without_analysis(sessions, world, lead, "answered")
    assert await stage.next_step(lead) == Stop("reached")
    taken = await take(sessions, world.account, payload("call_analyzed", settled, **says(interest="low")))
    assert (await reread(sessions, settled)).disposition == "not_interested"
    assert (await reread(sessions, lead)).disposition == "not_interested"
    assert taken.aftermath.wake == ()


async def test_a_lead_that_is_done_keeps_what_its_last_call_meant(
    sessions: Sessions, world: World, lead: LeadRow
) -> None:
    first = await settled_without_analysis(sessions, world, lead, "no_answer")
    await settled_without_analysis(sessions, world, lead, "answered", number=2, call_id="call_2", disposition="booked")
    await change(sessions, lead, status="done", outcome="reached", disposition="booked", due_at=None)
    await take(sessions, world.account, payload("call_analyzed", first, **says(interest="low")))
    assert (await reread(sessions, lead)).disposition == "booked"


async def test_what_a_person_said_of_the_call_stands(sessions: Sessions, world: World, lead: LeadRow) -> None:
    user = UserRow(id=uuid4(), email="ada@example.com", password_hash="x")
    async with sessions.begin() as session:
        session.add(user)
    settled = await settled_without_analysis(
        sessions, world, lead, "answered", disposition="interested", disposition_by=user.id
    )
    taken = await take(sessions, world.account, payload("call_analyzed", settled, **says(wrong_number=True)))
    assert ((await reread(sessions, settled)).disposition, taken.aftermath.lines) == ("interested", ())
    assert (await contact_of(sessions, lead)).do_not_call_at is None


async def test_a_lead_that_waits_for_a_retry_is_woken_by_a_late_analysis_after_which_it_goes_on_otherwise(
    stage: Stage, sessions: Sessions, world: World, lead: LeadRow
) -> None:
    settled = await settled_without_analysis(sessions, world, lead, "callback_requested")
    assert await stage.next_step(lead) == WaitUntil(
        NOON + timedelta(hours=4), "Mon 16:00 America/Chicago, next attempt by the retry schedule"
    )
    written = payload("call_analyzed", settled, **says(callback_at="2026-03-02T13:30"))
    assert (await take(sessions, world.account, written)).aftermath.wake == ((lead.id, 1),)
    step = await stage.next_step(lead)
    assert isinstance(step, WaitUntil)
    assert step.instant == NOON + timedelta(minutes=90)


@pytest.mark.parametrize("is_late", [False, True], ids=["with-the-end", "after-the-end"])
@pytest.mark.parametrize(
    ("said", "source", "reason"),
    [
        pytest.param({"wrong_number": True}, "disposition", "wrong_number", id="by-disposition"),
        pytest.param({"do_not_call": "yes"}, "call", "asked not to be called", id="by-the-callees-wish"),
    ],
)
async def test_a_number_that_is_never_to_be_called_again_ends_all_its_leads(
    stage: Stage,
    sessions: Sessions,
    world: World,
    lead: LeadRow,
    said: dict[str, object],
    source: str,
    reason: str,
    is_late: bool,
) -> None:
    if is_late:
        attempt = await settled_without_analysis(sessions, world, lead, "failed")
    else:
        attempt = await add_attempt_of(sessions, world, lead, "dialling", first_sent_at=NOON, last_sent_at=NOON)
    other = await another_lead_of(sessions, world, lead)
    taken = await take(sessions, world.account, payload("call_analyzed", attempt, **says(**said)))
    contact = await contact_of(sessions, lead)
    assert (contact.do_not_call_at, contact.do_not_call_source, contact.do_not_call_reason) == (HEARD, source, reason)
    assert set(taken.aftermath.wake) == ({(lead.id, 1), (other.id, 1)} if is_late else {(other.id, 1)})
    assert await stage.next_step(other) == Stop("blocked: do_not_call")
    own = await stage.next_step(lead)
    assert own == Stop("blocked: do_not_call" if is_late and source == "call" else "opted_out")


async def test_a_wish_that_is_repeated_wakes_nobody_again(
    sessions: Sessions, world: World, lead: LeadRow, attempt: AttemptRow
) -> None:
    other = await another_lead_of(sessions, world, lead)
    asked = {"disconnection_reason": "user_requested_dnc"}
    first = await take(sessions, world.account, payload("call_ended", attempt, **asked))
    again = await take(sessions, world.account, payload("call_analyzed", attempt, **asked))
    assert (first.aftermath.wake, again.aftermath.wake) == (((other.id, 1),), ())


async def test_the_contacts_lock_comes_before_the_attempts(
    sessions: Sessions, world: World, lead: LeadRow, attempt: AttemptRow
) -> None:
    """While somebody holds the contact the report waits, and the attempt is still free."""
    async with sessions.begin() as holding:
        await holding.get_one(ContactRow, lead.contact_id, with_for_update={"key_share": True})
        written = payload("call_analyzed", attempt, **says(wrong_number=True))
        taking = asyncio.create_task(take(sessions, world.account, written))
        async with asyncio.timeout(PATIENCE_SECONDS), sessions() as watching:
            while await watching.scalar(WAITING) == 0:
                await watching.rollback()
        for row, row_id in ((LeadRow, lead.id), (AttemptRow, attempt.id)):
            await holding.get_one(row, row_id, with_for_update={"key_share": True, "nowait": True})
    await taking
    assert (await reread(sessions, attempt)).disposition == "wrong_number"


@pytest.mark.parametrize(
    ("reason", "said", "due", "written", "problem"),
    [
        pytest.param("user_hangup", PROMISED, NOON.replace(day=3, hour=16), PROMISED, None, id="by-the-analysis"),
        pytest.param(
            "user_requested_callback", PROMISED, NOON.replace(day=3, hour=16), PROMISED, None, id="by-the-reason"
        ),
        pytest.param("user_hangup", "soon", NOON.replace(hour=21, second=1), "soon", "unreadable", id="unreadable"),
        pytest.param(
            "user_hangup", "2026-03-02T09:00", NOON.replace(hour=21, second=1), "2026-03-02T09:00", "past", id="past"
        ),
        pytest.param("user_hangup", "2026-12-24", NOON.replace(hour=21, second=1), "2026-12-24", "too_far", id="far"),
        pytest.param("user_requested_callback", None, NOON.replace(hour=21, second=1), None, None, id="without-a-time"),
    ],
)
async def test_a_promised_call_back_is_kept_or_said_why_not(
    stage: Stage,
    sessions: Sessions,
    world: World,
    lead: LeadRow,
    attempt: AttemptRow,
    clock: Clock,
    reason: str,
    said: str | None,
    due: datetime,
    written: str | None,
    problem: str | None,
) -> None:
    """Read on the lead's clock at the end of the call, 11:59:31 in Chicago."""
    await change(sessions, world.campaign, retry_delays={"callback_requested": [3 * 3600 + 30]})
    await take(
        sessions,
        world.account,
        payload("call_analyzed", attempt, disconnection_reason=reason, **says(callback_at=said)),
    )
    row = await reread(sessions, attempt)
    assert (row.outcome, row.callback_at, row.callback_problem) == ("callback_requested", written, problem)
    clock.now = HEARD
    step = await stage.next_step(lead)
    assert isinstance(step, WaitUntil)
    assert step.instant == due


async def test_a_disposition_that_says_call_back_keeps_the_promise_of_a_call_that_broke_off(
    stage: Stage, sessions: Sessions, world: World, lead: LeadRow, attempt: AttemptRow
) -> None:
    await change(sessions, world.campaign, dispositions=TABLE)
    broke_off = {"disconnection_reason": "error_retell", **says(mood="busy", callback_at=PROMISED)}
    await take(sessions, world.account, payload("call_analyzed", attempt, **broke_off))
    row = await reread(sessions, attempt)
    assert (row.outcome, row.disposition, row.callback_at) == ("failed", "later", PROMISED)
    step = await stage.next_step(lead)
    assert isinstance(step, WaitUntil)
    assert step.instant == NOON.replace(day=3, hour=16)


async def test_a_number_that_the_provider_does_not_call_is_given_its_disposition_too(
    stage: Stage, sessions: Sessions, world: World, lead: LeadRow, provider: ProviderEdge, engine: EngineEdge
) -> None:
    await change(sessions, world.campaign, dispositions=TABLE)
    other = await another_lead_of(sessions, world, lead)
    provider.dials = [refuses(400, "to_number is not valid")]
    granted = await add_attempt_of(sessions, world, lead)
    await stage.place(granted)
    row = await reread(sessions, granted)
    assert (row.outcome, row.disposition, (await contact_of(sessions, lead)).do_not_call_reason) == (
        "invalid_number",
        "dead",
        "dead",
    )
    assert engine.signals == [(f"lead-{other.id}", "wake")]


async def test_a_call_of_which_nobody_could_tell_is_given_its_disposition_too(
    stage: Stage, sessions: Sessions, world: World, lead: LeadRow, clock: Clock, engine: EngineEdge
) -> None:
    await change(sessions, world.campaign, dispositions=TABLE)
    other = await another_lead_of(sessions, world, lead)
    lost = await add_attempt_of(
        sessions, world, lead, "unconfirmed", first_sent_at=NOON, last_sent_at=NOON, look_up_at=NOON
    )
    clock.forward(minutes=66)
    await stage.look_up(lost.id)
    assert (await reread(sessions, lost)).disposition == "dead"
    assert (await contact_of(sessions, lead)).do_not_call_at == clock.now
    assert engine.signals == [(f"lead-{other.id}", "wake")]


async def test_a_call_that_rang_nowhere_meant_nothing(sessions: Sessions, world: World, attempt: AttemptRow) -> None:
    await change(sessions, world.campaign, dispositions=TABLE)
    await take(sessions, world.account, unanswered("call_analyzed", attempt, "concurrency_limit_reached"))
    row = await reread(sessions, attempt)
    assert (row.outcome, row.disposition) == ("refused", None)


async def test_the_providers_own_do_not_call_list_ends_every_lead_of_the_number(
    stage: Stage, sessions: Sessions, world: World, lead: LeadRow, provider: ProviderEdge, engine: EngineEdge
) -> None:
    other = await another_lead_of(sessions, world, lead, due_at=NOON + timedelta(hours=1))
    await another_lead_of(sessions, world, lead, handed_over_at=None)
    provider.dials = [refuses(400, "The contact for to_number is marked do_not_call.")]
    await stage.place(await stage.dial(lead))
    contact = await contact_of(sessions, lead)
    assert (contact.do_not_call_at, contact.do_not_call_source) == (NOON, "provider")
    assert engine.signals == [(f"lead-{other.id}", "wake")]
    assert await stage.next_step(lead) == Stop("opted_out")
    assert await stage.next_step(other) == Stop("blocked: do_not_call")
    async with sessions() as session:
        assert (await session.scalars(select(AttemptRow.counts))).all() == [False]


async def test_an_end_that_is_looked_up_ends_the_other_leads_too(
    stage: Stage,
    sessions: Sessions,
    world: World,
    lead: LeadRow,
    attempt: AttemptRow,
    provider: ProviderEdge,
    engine: EngineEdge,
) -> None:
    other = await another_lead_of(sessions, world, lead)
    call: dict[str, Any] = payload("call_analyzed", attempt, **says(wrong_number="yes"))["call"]
    provider.knows(attempt.id, call)
    await stage.look_up(attempt.id)
    assert (await reread(sessions, attempt)).disposition == "wrong_number"
    assert engine.signals == [(f"lead-{other.id}", "wake")]
