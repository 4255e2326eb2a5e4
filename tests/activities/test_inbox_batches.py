"""Webhooks that are taken together have the effect that they have one by one."""

import asyncio
import itertools
import random
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from sqlalchemy import func, select

from activities.inbox import Taken
from activities.inbox_batches import take_together
from storage.driver_transactions import DriverTransactions
from storage.models import AttemptRow, WebhookEventRow
from tests.activities.webhooks import HEARD, LIFECYCLE, arrived, payload, take
from tests.builders import NOON, Sessions, World, add_attempt_of, add_lead, change, reread
from tests.patience import PATIENCE_SECONDS

CALLS = 4
RUNNING = tuple(f"transcript_updated {number}" for number in (1, 2, 3))
KINDS = (*LIFECYCLE, *RUNNING, "transfer_started")
UNLIKE = {"id", "lead_id", "contact_id", "look_up_at", "created_at", "not_before", "not_after", "call_id"}


NUMBERS = (f"+1303555{number:04}" for number in itertools.count())


async def dialled(sessions: Sessions, world: World, **columns: object) -> AttemptRow:
    """An attempt whose call is on its way, of a lead and a contact of its own."""
    lead = await add_lead(sessions, world, phone_number=next(NUMBERS))
    return await add_attempt_of(sessions, world, lead, "dialling", first_sent_at=NOON, last_sent_at=NOON, **columns)


@pytest.fixture
async def attempt(sessions: Sessions, world: World) -> AttemptRow:
    return await dialled(sessions, world)


def report(event: str, attempt: AttemptRow, **call: object) -> dict[str, Any]:
    """A webhook of the attempt's own call; a running transcript has as many utterances as its number says."""
    if event in RUNNING:
        said = [
            {"role": "agent", "content": "Good day", "words": [{"word": "day", "end": turn + 0.5}]}
            for turn in range(int(event.split()[1]))
        ]
        told = {"transcript": "Agent: Good day\n" * len(said), "transcript_object": said}
        live = payload("call_started", attempt, call_id=f"call_{attempt.id}", **told, **call)
        return live | {"event": "transcript_updated"}
    kind = event if event in LIFECYCLE else "call_started"
    return payload(kind, attempt, call_id=f"call_{attempt.id}", **call) | {"event": event}


async def together(sessions: Sessions, world: World, written: Iterable[dict[str, Any]]) -> Sequence[Taken | None]:
    batch = [arrived(world.account, one) for one in written]
    async with DriverTransactions(sessions).begin() as transaction:
        return await take_together(transaction, batch, now=HEARD)


async def kept(sessions: Sessions) -> int:
    async with sessions() as session:
        return await session.scalar(select(func.count()).select_from(WebhookEventRow)) or 0


def facts_of(row: AttemptRow) -> dict[str, Any]:
    facts = {name: getattr(row, name) for name in AttemptRow.__table__.columns.keys() if name not in UNLIKE}  # noqa: SIM118
    return facts | {"request_body": row.request_body is None}


@pytest.mark.parametrize("order", list(itertools.permutations(LIFECYCLE)), ids="-".join)
async def test_a_whole_call_in_one_batch_is_settled_whatever_its_order(
    sessions: Sessions, world: World, attempt: AttemptRow, order: Sequence[str]
) -> None:
    taken = await together(sessions, world, [report(event, attempt) for event in (*order, *order)])
    assert None not in taken
    assert [one.forward for one in taken if one is not None and one.forward] == [attempt.id]
    row = await reread(sessions, attempt)
    assert (row.status, row.outcome, row.slot_released_at, row.request_body) == ("done", "answered", HEARD, None)
    assert (row.transcript, row.call_id) == ("Agent: Hello\nUser: Hello\n", f"call_{attempt.id}")
    assert await kept(sessions) == 3


@pytest.mark.parametrize("seed", range(12))
async def test_any_batches_of_any_events_leave_the_rows_that_one_by_one_would_in_any_other_order(
    sessions: Sessions, world: World, seed: int
) -> None:
    dice = random.Random(seed)
    rows = [await dialled(sessions, world) for _ in range(CALLS)]
    twins = [await dialled(sessions, world) for _ in range(CALLS)]
    plan = [(call, kind) for call in range(CALLS) for kind in dice.choices(KINDS, k=dice.randint(2, 7))]
    dice.shuffle(plan)
    left = list(plan)
    while left:
        size = dice.randint(1, len(left))
        batch, left = left[:size], left[size:]
        for (call, kind), taken in zip(
            batch, await together(sessions, world, [report(kind, rows[call]) for call, kind in batch]), strict=True
        ):
            if taken is None:
                await take(sessions, world.account, report(kind, rows[call]))
    for call, kind in dice.sample(plan, len(plan)):
        await take(sessions, world.account, report(kind, twins[call]))
    for row, twin in zip(rows, twins, strict=True):
        assert facts_of(await reread(sessions, row)) == facts_of(await reread(sessions, twin))
    for which in (rows, twins):
        kinds = {(call, kind) for call, kind in plan if kind not in RUNNING}
        ids = [row.id for row in which]
        async with sessions() as session:
            query = select(func.count()).where(WebhookEventRow.attempt_id.in_(ids))
            assert await session.scalar(query) == len(kinds)


@pytest.mark.parametrize(
    "call",
    [
        pytest.param({"disconnection_reason": "user_requested_dnc"}, id="a-wish"),
        pytest.param({"call_analysis": {"custom_analysis_data": {"do_not_call": True}}}, id="a-wish-in-the-analysis"),
        pytest.param({"disconnection_reason": "marked_as_spam"}, id="a-number-to-rest"),
        pytest.param({"disconnection_reason": "no_valid_payment"}, id="an-account-to-park"),
        pytest.param(
            {"transcript_object": [{"role": "user", "content": "Please take me off your list"}]},
            id="a-wish-in-the-talk",
        ),
    ],
)
async def test_an_end_that_concerns_others_is_left_with_all_of_its_call_and_costs_the_other_calls_nothing(
    sessions: Sessions, world: World, attempt: AttemptRow, call: dict[str, Any]
) -> None:
    other = await dialled(sessions, world)
    written = [report("call_started", attempt), report("call_analyzed", attempt, **call), report("call_ended", other)]
    first, second, third = await together(sessions, world, written)
    assert (first, second) == (None, None)
    assert third == Taken()
    assert (await reread(sessions, attempt)).status == "dialling"
    assert (await reread(sessions, other)).slot_released_at == HEARD
    assert await kept(sessions) == 1


async def test_a_probe_a_finished_attempt_and_a_call_of_nobody_are_left(sessions: Sessions, world: World) -> None:
    probe = await dialled(sessions, world, is_probe=True)
    done = await dialled(sessions, world)
    await change(sessions, done, status="done", outcome="unknown", counts=True, slot_released_at=NOON, settled_at=NOON)
    stranger = payload("call_ended", None, call_id="call_of_nobody")
    written = [report("call_ended", probe), report("call_ended", done), stranger]
    assert await together(sessions, world, written) == [None] * 3
    assert await kept(sessions) == 0


@pytest.mark.parametrize("order", list(itertools.permutations(RUNNING)), ids="-".join)
@pytest.mark.parametrize("at_once", [True, False], ids=["one-batch", "three-batches"])
async def test_a_running_transcript_moves_forward_only(
    sessions: Sessions, world: World, attempt: AttemptRow, order: Sequence[str], at_once: bool
) -> None:
    written = [report(event, attempt) for event in (*order, *order)]
    for batch in [written] if at_once else [[one] for one in written]:
        assert await together(sessions, world, batch) == [Taken()] * len(batch)
    row = await reread(sessions, attempt)
    assert (row.transcript, len(row.utterances or ())) == ("Agent: Good day\n" * 3, 3)


async def test_an_attempt_that_somebody_else_has_locked_is_not_waited_for(
    sessions: Sessions, world: World, attempt: AttemptRow
) -> None:
    other = await dialled(sessions, world)
    async with sessions.begin() as session:
        await session.get_one(AttemptRow, attempt.id, with_for_update=True)
        written = [report("call_started", attempt), report("call_started", other)]
        assert await asyncio.wait_for(together(sessions, world, written), PATIENCE_SECONDS) == [None, Taken()]


async def test_of_two_calls_that_claim_one_attempt_neither_is_taken_with_the_others(
    sessions: Sessions, world: World, attempt: AttemptRow
) -> None:
    rival = payload("call_started", attempt, call_id="call_rival")
    assert await together(sessions, world, [report("call_started", attempt), rival]) == [None, None]


async def test_the_same_batch_twice_at_once_has_one_effect(sessions: Sessions, world: World) -> None:
    rows = [await dialled(sessions, world) for _ in range(CALLS)]
    written = [report(event, row) for row in rows for event in LIFECYCLE]
    results = await asyncio.gather(*(together(sessions, world, written) for _ in range(4)))
    forwarded = [one.forward for taken in results for one in taken if one is not None and one.forward]
    assert sorted(forwarded) == sorted(row.id for row in rows)
    assert await kept(sessions) == len(written)


async def test_a_phrase_that_the_campaign_listens_for_is_flagged_once(
    sessions: Sessions, world: World, attempt: AttemptRow
) -> None:
    rival = {"phrase": "Acme Dental", "then": "flag", "said_by": "anyone"}
    await change(sessions, world.campaign, live_phrases=[rival])
    said = {"transcript_object": [{"role": "user", "content": "I'm with Acme Dental."}]}
    live = payload("call_started", attempt, call_id=f"call_{attempt.id}", **said) | {"event": "transcript_updated"}
    assert await together(sessions, world, [live, live]) == [Taken(), Taken()]
    flags = (await reread(sessions, attempt)).flags
    assert [flag["phrase"] for flag in flags or ()] == ["Acme Dental"]
