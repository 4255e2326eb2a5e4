"""A person is erased while a call of theirs is anywhere in its life; nothing that comes later brings them back."""

import asyncio
import itertools
from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text

from activities.replaying import Replay, Result
from domain.steps import Stop
from storage import erasure
from storage.contacts import lock_contact
from storage.erasure import Erased
from storage.models import AttemptRow, CallDeletionRow, ContactRow, InboundCallRow, LeadRow, WebhookEventRow
from storage.stored_events import Wanted
from storage.suppressions import is_suppressed
from tests.activities.provider_edge import ProviderEdge, refuses
from tests.activities.stage import Clock, Stage
from tests.activities.webhooks import HEARD, LIFECYCLE, payload, rings_in, says, take
from tests.builders import NOON, Sessions, World, add_attempt_of, add_lead, add_lead_of, reread

NUMBER = "+13125550123"
WORDS = "Canary"
SPOKEN: dict[str, Any] = {
    "transcript": f"User: {WORDS}",
    "transcript_object": [{"role": "user", "content": WORDS}],
    "recording_url": f"https://recordings.example.com/{WORDS}",
    "to_number": NUMBER,
}


@pytest.fixture
async def lead(sessions: Sessions, world: World) -> LeadRow:
    return await add_lead(sessions, world, NUMBER, name=WORDS, external_id=WORDS, custom_fields={"pet": WORDS})


@pytest.fixture
async def attempt(sessions: Sessions, world: World, lead: LeadRow) -> AttemptRow:
    return await add_attempt_of(sessions, world, lead, "dialling", first_sent_at=NOON, last_sent_at=NOON)


def told(event: str, attempt: AttemptRow, **call: object) -> dict[str, Any]:
    analysis = says(pet=WORDS) if event == "call_analyzed" else {}
    spoken = SPOKEN if event != "call_started" else {"to_number": NUMBER}
    return payload(event, attempt, **(spoken | analysis | call))


async def erase(sessions: Sessions, lead: LeadRow) -> Erased:
    async with sessions.begin() as session:
        return await erasure.erase(session, await erasure.lock_person(session, lead.contact_id), NOON)


async def erase_number(sessions: Sessions, world: World, number: str) -> None:
    async with sessions.begin() as session:
        contact = await lock_contact(session, world.organization.id, number)
        await erasure.erase(session, await erasure.lock_person(session, contact.id), NOON)


async def all_that_is_kept(sessions: Sessions) -> str:
    async with sessions() as session:
        rows = [
            row
            for table in (ContactRow, LeadRow, AttemptRow, InboundCallRow, WebhookEventRow)
            for row in await session.scalars(select(table))
        ]
        return str([{name: getattr(row, name) for name in row.__table__.columns.keys()} for row in rows])  # noqa: SIM118


async def is_nothing_left(sessions: Sessions) -> bool:
    kept = await all_that_is_kept(sessions)
    return WORDS not in kept and NUMBER[:-2] not in kept


async def deletions(sessions: Sessions) -> Sequence[CallDeletionRow]:
    async with sessions() as session:
        return (await session.scalars(select(CallDeletionRow))).all()


async def test_in_every_order_of_a_calls_events_and_its_erasure_nothing_is_left(
    sessions: Sessions, world: World
) -> None:
    for place, order in enumerate(itertools.permutations((*LIFECYCLE, "erase"))):
        lead = await add_lead(sessions, world, f"{NUMBER[:-2]}{place:02}", name=WORDS)
        attempt = await add_attempt_of(sessions, world, lead, "dialling", first_sent_at=NOON, last_sent_at=NOON)
        for event in (*order, *(one for one in order if one != "erase")):
            if event == "erase":
                await erase(sessions, lead)
            else:
                await take(sessions, world.account, told(event, attempt, call_id=f"call_{place}"))
        row = await reread(sessions, attempt)
        assert await is_nothing_left(sessions), order
        assert (row.status, row.outcome, row.counts) == ("done", "answered", True), order
        assert (row.duration_ms, row.slot_released_at) == (30_000, HEARD), order
    assert {one.call_id for one in await deletions(sessions)} == {f"call_{place}" for place in range(24)}


async def test_an_erasure_amid_all_events_at_once_leaves_nothing(
    sessions: Sessions, world: World, lead: LeadRow, attempt: AttemptRow
) -> None:
    written = [told(event, attempt) for event in LIFECYCLE * 5]
    await asyncio.gather(
        *(take(sessions, world.account, one) for one in written[:7]),
        erase(sessions, lead),
        *(take(sessions, world.account, one) for one in written[7:]),
    )
    assert await is_nothing_left(sessions)
    assert (await reread(sessions, attempt)).outcome == "answered"


@pytest.mark.parametrize("is_known", [True, False], ids=["known", "unknown-caller"])
async def test_in_every_order_a_call_that_came_in_leaves_nothing(
    sessions: Sessions, world: World, is_known: bool
) -> None:
    orders = [one for one in itertools.permutations((*LIFECYCLE, "erase")) if one[0] != "erase"]
    for place, order in enumerate(orders):
        number, call_id = f"{NUMBER[:-2]}{place:02}", f"call_{place}"
        if is_known:
            await add_lead(sessions, world, number, name=WORDS)
        for event in (*order, *(one for one in order if one != "erase")):
            if event == "erase":
                await erase_number(sessions, world, number)
            else:
                spoken = SPOKEN if event != "call_started" else {}
                numbers = {"to_number": "+12125550101", "call_id": call_id}
                await take(sessions, world.account, rings_in(event, number, **(spoken | numbers)))
        assert await is_nothing_left(sessions), order
        assert call_id in {one.call_id for one in await deletions(sessions)}


async def test_a_replay_brings_nothing_back(
    sessions: Sessions, world: World, lead: LeadRow, attempt: AttemptRow, stage: Stage, clock: Clock
) -> None:
    for event in LIFECYCLE:
        await take(sessions, world.account, told(event, attempt))
    await erase(sessions, lead)
    replay = Replay(sessions, stage.workflows, clock)
    assert [one.result async for one in replay.run(Wanted())] == [Result.GONE] * 3
    assert await is_nothing_left(sessions)


async def test_a_granted_call_is_given_back_and_never_leaves(
    sessions: Sessions, world: World, lead: LeadRow, stage: Stage, provider: ProviderEdge
) -> None:
    dial = await stage.dial(lead)
    erased = await erase(sessions, lead)
    assert erased.runs == [(lead.id, 1)]
    assert (await stage.place(dial)).why == "settled"
    assert provider.dialled == []
    assert await stage.next_step(lead) == Stop("erased")
    row = await reread(sessions, lead)
    assert (row.status, row.outcome) == ("done", "erased")


async def test_a_call_that_was_let_go_is_hung_up_ends_the_lead_and_is_deleted_at_the_provider(
    sessions: Sessions, world: World, lead: LeadRow, stage: Stage, provider: ProviderEdge, clock: Clock
) -> None:
    dial = await stage.dial(lead)
    await stage.place(dial)
    call_id = (await reread(sessions, await attempt_row(sessions, lead))).call_id
    assert call_id is not None
    await erase(sessions, lead)
    assert (await reread(sessions, lead)).status == "in_progress"
    await stage.reconcile()
    assert (provider.stopped, provider.deleted) == ([call_id], [])
    await take(
        sessions, world.account, told("call_analyzed", await attempt_row(sessions, lead), call_id=call_id), clock
    )
    assert await stage.next_step(lead) == Stop("erased")
    clock.forward(minutes=1)
    assert (await stage.reconcile()).calls_deleted == 1
    assert provider.deleted == [call_id]
    assert await is_nothing_left(sessions)
    assert (await stage.reconcile()).calls_deleted == 0


async def attempt_row(sessions: Sessions, lead: LeadRow) -> AttemptRow:
    async with sessions() as session:
        return (await session.scalars(select(AttemptRow).where(AttemptRow.lead_id == lead.id))).one()


async def test_a_call_whose_answer_comes_after_the_erasure_is_hung_up_and_deleted_too(
    sessions: Sessions, lead: LeadRow, stage: Stage, provider: ProviderEdge, clock: Clock
) -> None:
    dial = await stage.dial(lead)
    provider.dials = [httpx.ReadTimeout("no answer")]
    await stage.place(dial)
    await erase(sessions, lead)
    provider.knows(dial.attempt_id, {"to_number": NUMBER, "transcript": WORDS}, "call_late")
    await stage.look_up(dial.attempt_id)
    assert provider.stopped == ["call_late"]
    over = payload("call_ended", None, **SPOKEN)["call"] | {"call_id": "call_late"}
    provider.knows(dial.attempt_id, over, "call_late")
    clock.forward(minutes=5)
    await stage.look_up(dial.attempt_id)
    assert (await stage.reconcile()).calls_deleted == 1
    assert (provider.deleted, len(provider.dialled)) == (["call_late"], 1)
    assert await is_nothing_left(sessions)


async def test_a_dial_that_nobody_can_tell_of_is_never_repeated_after_the_erasure(
    sessions: Sessions, lead: LeadRow, stage: Stage, provider: ProviderEdge, clock: Clock
) -> None:
    dial = await stage.dial(lead)
    provider.dials = [httpx.ReadTimeout("no answer")]
    await stage.place(dial)
    await erase(sessions, lead)
    for _ in range(3):
        clock.forward(minutes=30)
        await stage.look_up(dial.attempt_id)
    assert len(provider.dialled) == 1
    assert await stage.next_step(lead) == Stop("erased")


async def test_a_provider_that_is_away_for_a_day_deletes_it_when_it_is_back(
    sessions: Sessions,
    world: World,
    lead: LeadRow,
    attempt: AttemptRow,
    stage: Stage,
    provider: ProviderEdge,
    clock: Clock,
) -> None:
    for event in LIFECYCLE:
        await take(sessions, world.account, told(event, attempt))
    await erase(sessions, lead)
    for _ in range(24):
        provider.questions = [refuses(503, "away")] * 10
        clock.forward(hours=1, seconds=1)
        assert (await stage.reconcile()).calls_deleted == 0
    (waiting,) = await deletions(sessions)
    assert (waiting.tries, waiting.problem is not None, waiting.deleted_at) == (24, True, None)
    provider.questions = []
    clock.forward(hours=1, seconds=1)
    assert (await stage.reconcile()).calls_deleted == 1
    (done,) = await deletions(sessions)
    assert (done.deleted_at, done.problem, provider.deleted) == (clock(), None, ["call_1"])


async def test_a_call_that_the_provider_does_not_know_any_more_is_gone(
    sessions: Sessions, world: World, lead: LeadRow, attempt: AttemptRow, stage: Stage, provider: ProviderEdge
) -> None:
    for event in LIFECYCLE:
        await take(sessions, world.account, told(event, attempt))
    await erase(sessions, lead)
    provider.questions = [refuses(422, "not found"), refuses(422, "not found")]
    assert (await stage.reconcile()).calls_deleted == 1


async def test_whoever_was_erased_is_never_called_again_whoever_gives_the_number(
    sessions: Sessions, world: World, lead: LeadRow, stage: Stage, provider: ProviderEdge
) -> None:
    await erase(sessions, lead)
    async with sessions.begin() as session:
        contact = await lock_contact(session, world.organization.id, NUMBER)
    assert contact.id != lead.contact_id
    again = await add_lead_of(sessions, world, contact, name="Anew")
    assert await stage.next_step(again) == Stop("blocked: do_not_call")
    assert provider.dialled == []
    async with sessions() as session:
        assert await is_suppressed(session, world.organization.id, NUMBER)
        assert not await is_suppressed(session, world.organization.id, "+13125550124")


async def test_a_number_that_comes_in_while_its_person_is_erased_is_one_nobody_calls(
    sessions: Sessions, world: World, lead: LeadRow
) -> None:
    async def come_in() -> ContactRow:
        async with sessions.begin() as session:
            return await lock_contact(session, world.organization.id, NUMBER)

    async with sessions.begin() as session:
        contact = await erasure.lock_person(session, lead.contact_id)
        coming = asyncio.create_task(come_in())
        await session.execute(text("select pg_stat_clear_snapshot()"))
        while not await session.scalar(text("select count(*) from pg_locks where not granted")):
            await session.execute(text("select pg_stat_clear_snapshot()"))
        await erasure.erase(session, contact, NOON)
    found = await coming
    assert (found.id == lead.contact_id, found.do_not_call_source) == (False, "erasure")


async def test_a_call_to_try_a_campaign_that_is_heard_of_afterwards_leaves_nothing_and_is_deleted(
    sessions: Sessions, world: World, lead: LeadRow
) -> None:
    await erase(sessions, lead)
    for event in ("call_ended", "call_analyzed"):
        await take(sessions, world.account, payload(event, None, **SPOKEN, direction="outbound", call_id="call_trial"))
    assert await is_nothing_left(sessions)
    assert [one.call_id for one in await deletions(sessions)] == ["call_trial"]
