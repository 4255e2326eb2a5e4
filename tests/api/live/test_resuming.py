"""Nobody who resumes misses anything, whatever happened meanwhile and in whatever order it was committed."""

import contextlib
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import update

from storage.live_cursor import read_cursor
from storage.live_events import RESUMABLE, prune
from storage.models import AttemptRow, LiveEventRow
from tests.api.live.conftest import Change, NewCall, Process, Report, Sessions, Start
from tests.api.live.ear import Ear, listen
from tests.api.live.test_listening import spoken


async def heard_until_now(client: httpx.AsyncClient) -> str:
    """An id behind everything that has happened."""
    async with listen(client) as ear:
        await ear.shown()
    return ear.last_event_id


async def test_what_happened_while_the_process_restarted_is_told_by_the_next(
    start: Start, process: Process, new_call: NewCall, report: Report
) -> None:
    talking, ending, silent = await new_call(), await new_call(), await new_call()
    async with listen(await process.sign_in()) as ear:
        await ear.shown()
        await report(talking, ("user", "Hello"))
        await ear.event("transcript")
        await process.stop()
        await ear.rest()
    following = await start()
    await report(talking, ("user", "Hello"), ("user", "Stop calling"), to=following)
    await report(ending, event="call_analyzed", disconnection_reason="user_hangup", to=following)
    async with listen(await following.sign_in(), ear.last_event_id) as ear:
        begin, *shown = await ear.shown()
        await report(talking, ("user", "Hello"), ("user", "Stop calling"), ("agent", "Bye"), to=following)
        told = await ear.event()
    assert begin == {"type": "begin", "resumed": True}
    assert [(event["type"], event["call_id"]) for event in shown] == [
        ("call", talking.call_id),
        ("flag", talking.call_id),
        ("call", ending.call_id),
    ]
    assert (spoken(shown[0]), shown[2]["attempt"]["status"]) == (["Hello", "Stop calling"], "done")
    # The first that is told to a new listener is the whole.
    assert (told["utterances_from"], spoken(told)) == (0, ["Hello", "Stop calling", "Bye"])
    assert silent.call_id not in str(shown)


async def test_two_processes_tell_what_either_of_them_heard(
    start: Start, process: Process, new_call: NewCall, report: Report
) -> None:
    other, call = await start(), await new_call()
    async with listen(await process.sign_in()) as here, listen(await other.sign_in()) as there:
        await here.shown()
        await there.shown()
        for number, to in enumerate((process, other, process)):
            said = [("user", str(one)) for one in range(number + 1)]
            await report(call, *said, to=to)
            for ear in (here, there):
                told = await ear.event("transcript")
                assert (told["utterances_from"], spoken(told)) == (number, [str(number)])


async def test_an_id_of_one_process_is_understood_by_another(start: Start, process: Process, new_call: NewCall) -> None:
    since = await heard_until_now(await process.sign_in())
    call = await new_call()
    async with listen(await (await start()).sign_in(), last_event_id=since) as ear:
        assert [event.get("call_id") for event in await ear.shown()] == [None, call.call_id]


async def test_a_header_goes_before_the_parameter(listener: httpx.AsyncClient, new_call: NewCall) -> None:
    before = await heard_until_now(listener)
    call = await new_call()
    after = await heard_until_now(listener)
    url = f"/api/v1/calls/live?last_event_id={after}"
    async with listener.stream("GET", url, headers={"Last-Event-ID": before}) as response:
        assert [event.get("call_id") for event in await Ear(response).shown()] == [None, call.call_id]


async def test_a_change_that_is_committed_after_a_later_one_is_told_and_is_not_lost_to_who_resumes(
    listener: httpx.AsyncClient, new_call: NewCall, change: Change, sessions: Sessions
) -> None:
    slow, quick = await new_call(), await new_call()
    async with listen(listener) as ear:
        await ear.shown()
        async with sessions() as session:
            (await session.get_one(AttemptRow, slow.attempt_id)).disposition = "began first"
            await session.flush()
            await change(quick, disposition="committed first")
            assert (await ear.event())["call_id"] == quick.call_id
            in_between = ear.last_event_id
            await session.commit()
        assert (await ear.event())["call_id"] == slow.call_id
    assert read_cursor(in_between).open
    async with listen(listener, in_between) as ear:
        _, *shown = await ear.shown()
        assert [event["attempt"]["disposition"] for event in shown] == ["began first"]


async def test_a_change_that_is_taken_back_is_never_told(
    listener: httpx.AsyncClient, new_call: NewCall, change: Change, sessions: Sessions
) -> None:
    taken_back, kept = await new_call(), await new_call()
    async with listen(listener) as ear:
        await ear.shown()
        async with sessions() as session:
            (await session.get_one(AttemptRow, taken_back.attempt_id)).disposition = "no"
            await session.flush()
            await session.rollback()
        await change(kept, disposition="yes")
        assert (await ear.event())["call_id"] == kept.call_id


async def test_whoever_breaks_off_while_calls_are_shown_is_shown_them_again(
    listener: httpx.AsyncClient, new_call: NewCall
) -> None:
    for _ in range(3):
        await new_call()
    async with listen(listener) as ear:
        await ear.event("begin")
        await ear.event("call")
        assert ear.last_event_id == ""


@pytest.mark.parametrize(
    "last_event_id",
    [
        pytest.param("7", id="a-number"),
        pytest.param("1-2:1:", id="ends-before-it-begins"),
        pytest.param("1-1:9:3,2", id="in-no-order"),
        pytest.param("99999999999-1:1:9223372036854775808", id="beyond-any-number"),
        pytest.param("1772474400-9000000000:9000000000:", id="from-a-database-that-is-further"),
        pytest.param("'; drop table live_events; --", id="an-attack"),
    ],
)
async def test_an_id_that_is_none_of_ours_begins_anew(
    listener: httpx.AsyncClient, new_call: NewCall, last_event_id: str
) -> None:
    call = await new_call()
    async with listen(listener, last_event_id) as ear:
        begin, shown = await ear.shown()
    assert (begin["resumed"], shown["call_id"]) == (False, call.call_id)


async def test_ten_minutes_later_everything_is_still_there_and_much_later_it_begins_anew(
    listener: httpx.AsyncClient, new_call: NewCall, report: Report, sessions: Sessions
) -> None:
    now = await heard_until_now(listener)
    call = await new_call()
    await report(call, event="call_analyzed", disconnection_reason="user_hangup")
    async with sessions.begin() as session:
        in_time = LiveEventRow.noted_at - RESUMABLE - timedelta(minutes=1)
        await session.execute(update(LiveEventRow).values(noted_at=in_time))
    async with sessions.begin() as session:
        await prune(session)
    for minutes, resumed in ((9, True), (11, False)):
        cursor = read_cursor(now)
        since = now.replace(str(cursor.taken_at), str(cursor.taken_at - minutes * 60), 1)
        async with listen(listener, since) as ear:
            begin, *shown = await ear.shown()
        assert (begin["resumed"], [event["call_id"] for event in shown]) == (
            resumed,
            [call.call_id] if resumed else [],
        )


async def test_what_is_older_than_anybody_may_resume_from_is_deleted_by_one_process_at_a_time(
    new_call: NewCall, sessions: Sessions
) -> None:
    async with sessions.begin() as session:
        await prune(session)
    await new_call()
    async with sessions.begin() as session:
        await session.execute(update(LiveEventRow).values(noted_at=LiveEventRow.noted_at - timedelta(hours=1)))
    await new_call()
    async with contextlib.AsyncExitStack() as stack:
        first = await stack.enter_async_context(sessions.begin())
        second = await stack.enter_async_context(sessions.begin())
        assert await prune(first) >= 1
        assert await prune(second) == 0
    async with sessions.begin() as session:
        assert await prune(session) == 0
