"""A webhook that comes alone has the effect that it has in a transaction, and none where somebody was faster."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from activities.inbox import Taken
from activities.inbox_alone import take_alone
from domain.vocabulary import LeadOutcome, LeadStatus
from storage.looks import Looking, Lookout
from storage.models import AttemptRow, LeadRow
from tests.activities.test_inbox_batches import CALLS, KINDS, RUNNING, dialled, facts_of, kept, report
from tests.activities.webhooks import HEARD, LIFECYCLE, arrived, payload, take
from tests.builders import Sessions, World, change, reread
from tests.patience import PATIENCE_SECONDS
from tests.query_plans import overheard

UNLIKE = {"id", "contact_id", "created_at", "updated_at", "name"}


@pytest.fixture
async def attempt(sessions: Sessions, world: World) -> AttemptRow:
    return await dialled(sessions, world)


async def alone(sessions: Sessions, world: World, written: dict[str, Any]) -> Taken | None:
    async with Lookout(sessions).looking() as looking:
        return await take_alone(looking, arrived(world.account, written), now=HEARD)


async def as_in_line(sessions: Sessions, world: World, written: dict[str, Any]) -> Taken:
    """Alone where that goes, and else in a transaction."""
    taken = await alone(sessions, world, written)
    return await take(sessions, world.account, written) if taken is None else taken


async def lead_of(sessions: Sessions, attempt: AttemptRow) -> LeadRow:
    async with sessions() as session:
        return await session.get_one(LeadRow, attempt.lead_id)


async def lead_facts(sessions: Sessions, attempt: AttemptRow) -> dict[str, Any]:
    lead = await lead_of(sessions, attempt)
    return {name: getattr(lead, name) for name in LeadRow.__table__.columns.keys() if name not in UNLIKE}  # noqa: SIM118


@pytest.mark.parametrize("order", list(itertools.permutations((*LIFECYCLE, *RUNNING[:2]))), ids="-".join)
async def test_events_that_come_alone_leave_the_rows_that_transactions_would(
    sessions: Sessions, world: World, order: Sequence[str]
) -> None:
    one, other = [await dialled(sessions, world) for _ in range(2)]
    for event in order:
        by_itself = await as_in_line(sessions, world, report(event, one))
        within = await take(sessions, world.account, report(event, other))
        assert (by_itself.forward is None) == (within.forward is None)
    assert facts_of(await reread(sessions, one)) == facts_of(await reread(sessions, other))
    assert await lead_facts(sessions, one) == await lead_facts(sessions, other)
    assert await kept(sessions) == 2 * len(LIFECYCLE)


@pytest.mark.parametrize("event", [RUNNING[0], *LIFECYCLE])
async def test_one_that_comes_alone_takes_two_statements_and_no_transaction(
    sessions: Sessions, world: World, attempt: AttemptRow, event: str
) -> None:
    await alone(sessions, world, report(event, await dialled(sessions, world)))  # the driver asks for types once
    with overheard(sessions.kw["bind"]) as said:
        assert await alone(sessions, world, report(event, attempt)) is not None
        await asyncio.sleep(0)  # the driver tells of a statement a turn later
    assert [one.split()[0].lower() for one in said] == ["select", "with"]


async def test_a_repeat_changes_nothing_and_is_left(sessions: Sessions, world: World, attempt: AttemptRow) -> None:
    assert await alone(sessions, world, report("call_ended", attempt)) == Taken()
    was = facts_of(await reread(sessions, attempt))
    assert await alone(sessions, world, report("call_ended", attempt)) is None
    assert (facts_of(await reread(sessions, attempt)), await kept(sessions)) == (was, 1)


class Faster:
    """The driver's connection, on which something happens after each look, as if somebody were faster."""

    def __init__(self, driver: Any, happens: Callable[[], Awaitable[object]]) -> None:  # noqa: ANN401  (no types)
        self._driver = driver
        self._happens = happens

    async def fetch(self, *given: object) -> Any:  # noqa: ANN401  (as the driver)
        found = await self._driver.fetch(*given)
        await self._happens()
        return found

    async def fetchval(self, *given: object) -> Any:  # noqa: ANN401  (as the driver)
        return await self._driver.fetchval(*given)


async def overtaken(
    sessions: Sessions, world: World, written: dict[str, Any], faster: Callable[[], Awaitable[object]]
) -> Taken | None:
    async with Lookout(sessions).looking() as looking:
        slow = Looking(Faster(looking.driver, faster))
        return await take_alone(slow, arrived(world.account, written), now=HEARD)


@pytest.mark.parametrize("meanwhile", [RUNNING[2], *LIFECYCLE])
@pytest.mark.parametrize("event", [RUNNING[1], *LIFECYCLE])
async def test_nothing_is_written_over_what_came_meanwhile(
    sessions: Sessions, world: World, attempt: AttemptRow, event: str, meanwhile: str
) -> None:
    async def faster() -> None:
        await take(sessions, world.account, report(meanwhile, attempt))

    assert await overtaken(sessions, world, report(event, attempt), faster) is None
    other = await dialled(sessions, world)
    await take(sessions, world.account, report(meanwhile, other))
    assert facts_of(await reread(sessions, attempt)) == facts_of(await reread(sessions, other))
    assert await lead_facts(sessions, attempt) == await lead_facts(sessions, other)


async def test_a_lead_that_somebody_changed_meanwhile_keeps_that_and_its_call_is_left(
    sessions: Sessions, world: World, attempt: AttemptRow
) -> None:
    async def faster() -> None:
        await change(sessions, await lead_of(sessions, attempt), source="fair")

    assert await overtaken(sessions, world, report("call_analyzed", attempt), faster) is None
    assert (await lead_facts(sessions, attempt))["source"] == "fair"
    assert (await reread(sessions, attempt)).status == "dialling"
    assert await kept(sessions) == 0


@pytest.mark.parametrize("whose", ["lead", "attempt"])
async def test_nobody_who_holds_a_row_is_waited_for(
    sessions: Sessions, world: World, attempt: AttemptRow, whose: str
) -> None:
    async with sessions.begin() as session:
        if whose == "lead":
            await session.get_one(LeadRow, attempt.lead_id, with_for_update=True)
        else:
            await session.get_one(AttemptRow, attempt.id, with_for_update=True)
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await alone(sessions, world, report("call_analyzed", attempt)) is None
    assert (await reread(sessions, attempt)).status == "dialling"
    assert await kept(sessions) == 0


async def test_a_wish_in_a_running_transcript_is_left(sessions: Sessions, world: World, attempt: AttemptRow) -> None:
    said = {"transcript_object": [{"role": "user", "content": "Stop calling me, please."}]}
    live = payload("call_started", attempt, call_id=f"call_{attempt.id}", **said) | {"event": "transcript_updated"}
    assert await alone(sessions, world, live) is None
    assert (await reread(sessions, attempt)).flags is None
    await take(sessions, world.account, live)
    assert [flag["then"] for flag in (await reread(sessions, attempt)).flags or ()] == ["do_not_call"]


async def test_of_many_at_once_each_has_its_effect_once(sessions: Sessions, world: World) -> None:
    rows = [await dialled(sessions, world) for _ in range(CALLS)]
    events = [(row, event) for row in rows for event in KINDS for _ in range(2)]
    await asyncio.gather(*(as_in_line(sessions, world, report(event, row)) for row, event in events))
    alike = await dialled(sessions, world)
    for event in KINDS:
        await take(sessions, world.account, report(event, alike))
    wanted = facts_of(await reread(sessions, alike))
    assert [facts_of(await reread(sessions, row)) for row in rows] == [wanted] * CALLS
    assert await kept(sessions) == (CALLS + 1) * (len(LIFECYCLE) + 1)


async def test_a_lead_that_is_done_is_left(sessions: Sessions, world: World, attempt: AttemptRow) -> None:
    await change(
        sessions, await lead_of(sessions, attempt), status=LeadStatus.DONE, outcome=LeadOutcome.REACHED, done_at=HEARD
    )
    assert await alone(sessions, world, report("call_analyzed", attempt)) is None
