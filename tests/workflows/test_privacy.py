"""Nothing personal reaches the engine, whatever goes well or wrong in a lead's life."""

import asyncio
from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy import text
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import WorkflowHandle

from domain.calls import CallEvent
from storage import erasure
from tests.activities.provider_edge import refuses
from tests.builders import Sessions, World, change
from tests.patience import PATIENCE_SECONDS
from tests.traces import found_in_the_database
from tests.workflows.real_life import CANARY, PHONE_NUMBER, WHOLE_CALL, Life, result

Handle = WorkflowHandle[object, str]

KEY = "key_of_tests"

# As it was given, as Americans write it, and any part long enough to find the person by.
NUMBERS = ("5550177", "555-0177", "555 0177", PHONE_NUMBER[2:])

TRANSFER_NUMBER = "+12125550188"

QUOTES = f"{CANARY} Lovelace at {PHONE_NUMBER}, (312) 555-0177, {CANARY.lower()}@example.com, {KEY}, may not be called"

BREAK_GRANTS = """
create function break_grants() returns trigger language plpgsql as $$
begin
  raise exception 'no attempt for %', (
    select concat_ws(' ', contacts.phone_number, leads.name, leads.custom_fields, leads.consent)
    from leads join contacts on contacts.id = leads.contact_id where leads.id = new.lead_id
  );
end $$
"""
"""A database that fails as its worst: with the whole person in its message."""


def found_in(written: bytes) -> list[str]:
    low = written.lower()
    return [canary for canary in (CANARY, "Lovelace", KEY, *NUMBERS) if canary.lower().encode() in low]


async def all_that_the_engine_has(handle: Handle) -> bytes:
    """Every event, the search attributes, the memo and what is shown for people; payloads are plain JSON in there."""
    history = await handle.fetch_history()
    described = await handle.describe()
    shown = await handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    parts = [event.SerializeToString() for event in history.events]
    return b"".join([*parts, described.raw_description.SerializeToString(), shown.SerializeToString()])


async def until_recorded(handle: Handle, *, failed: EventType.ValueType) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not any(_is_failure(event, failed) for event in (await handle.fetch_history()).events):
            pass


def _is_failure(event: HistoryEvent, failed: EventType.ValueType) -> bool:
    if failed == EventType.EVENT_TYPE_MARKER_RECORDED:
        return event.marker_recorded_event_attributes.HasField("failure")
    return event.event_type == failed


async def execute(sessions: Sessions, *statements: str) -> None:
    async with sessions.begin() as session:
        for statement in statements:
            await session.execute(text(statement))


async def test_the_search_finds_what_was_planted(life: Life) -> None:
    async with life.worker():
        handle = await life.start()
        await handle.signal("wake", {"reason": QUOTES})
        await life.is_dialled(1)
        await life.report(1, "user_hangup", *WHOLE_CALL)
        await result(handle)
        found = found_in(await all_that_the_engine_has(handle))
    assert {CANARY, "Lovelace", KEY, "5550177", "555-0177"} <= set(found)


async def test_a_whole_life_leaves_nothing_personal_in_the_engine(life: Life) -> None:
    async with life.worker():
        handle = await life.start()
        await life.is_dialled(1)
        await life.report(1, "dial_no_answer", *WHOLE_CALL)
        await life.is_dialled(2)
        await life.report(2, "user_hangup", *WHOLE_CALL)
        assert await result(handle) == "reached"
        written = await all_that_the_engine_has(handle)
    assert CANARY.encode() in life.provider.dialled[0]
    assert str(life.lead.id).encode() in written
    assert "· no answer".encode() in written
    assert found_in(written) == []


async def test_what_the_next_call_is_told_of_the_one_before_reaches_the_provider_and_nobody_else(
    life: Life, sessions: Sessions, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await change(sessions, world.campaign, retry_delays={"voicemail": [0]}, transfer_number=TRANSFER_NUMBER)
    async with life.worker():
        handle = await life.start()
        await life.is_dialled(1)
        await life.report(1, "voicemail_reached", *WHOLE_CALL)
        await life.is_dialled(2)
        await life.report(2, "user_hangup", *WHOLE_CALL)
        assert await result(handle) == "reached"
        written = await all_that_the_engine_has(handle)
    first, second = life.provider.dialled
    for remembered in (f"summary: {CANARY} was glad", f"pet: {CANARY}-Goldfish"):
        assert remembered.encode() not in first
        assert remembered.encode() in second
    assert TRANSFER_NUMBER.encode() in second
    assert found_in(written) == []
    assert found_in(caplog.text.encode()) == []
    assert TRANSFER_NUMBER.encode() not in written + caplog.text.encode()


async def test_a_database_that_quotes_a_person_in_its_errors_tells_the_engine_nothing(
    life: Life, sessions: Sessions, caplog: pytest.LogCaptureFixture
) -> None:
    await execute(
        sessions,
        BREAK_GRANTS,
        "create trigger break_grants before insert on interaction_attempts"
        " for each row execute function break_grants()",
    )
    async with life.worker():
        handle = await life.start()
        await until_recorded(handle, failed=EventType.EVENT_TYPE_MARKER_RECORDED)
        await execute(sessions, "drop trigger break_grants on interaction_attempts")
        await handle.signal("wake", {"reason": "the database is back"})
        await life.is_dialled(1)
        await life.report(1, "user_hangup", *WHOLE_CALL)
        assert await result(handle) == "reached"
        written = await all_that_the_engine_has(handle)
    assert b"RaiseError" in written
    assert found_in(written) == []
    assert found_in(caplog.text.encode()) == []


async def test_of_a_person_who_is_erased_amid_a_call_neither_the_engine_nor_a_table_has_anything(
    life: Life, sessions: Sessions, caplog: pytest.LogCaptureFixture
) -> None:
    async with life.worker():
        handle = await life.start()
        await life.is_dialled(1)
        await life.report(1, "user_hangup", CallEvent.STARTED, CallEvent.ENDED)
        async with sessions.begin() as session:
            person = await erasure.lock_person(session, life.lead.contact_id)
            await erasure.erase(session, person, datetime.now(UTC))
        await life.report(1, "user_hangup", CallEvent.ANALYZED)
        assert await result(handle) == "erased"
        written = await all_that_the_engine_has(handle)
    assert CANARY.encode() in life.provider.dialled[0]
    assert found_in(written) == []
    assert found_in(caplog.text.encode()) == []
    # Where the lead came from is counted on.
    assert set(await found_in_the_database(sessions, (CANARY, "Lovelace", *NUMBERS))) == {"leads.source"}


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(refuses(500, QUOTES), id="failure"),
        pytest.param(refuses(429, QUOTES), id="busy"),
        pytest.param(refuses(401, QUOTES), id="refusal"),
        pytest.param(httpx.ReadTimeout(QUOTES), id="silence"),
        pytest.param(httpx.Response(200, text=QUOTES), id="no-json"),
    ],
)
async def test_a_provider_that_quotes_a_person_in_its_errors_tells_the_engine_nothing(
    life: Life, answer: httpx.Response | Exception, caplog: pytest.LogCaptureFixture
) -> None:
    life.provider.dials = [refuses(500, QUOTES)]
    life.provider.questions = [answer]
    async with life.worker():
        handle = await life.start()
        await life.is_dialled(1)
        await handle.signal("wake", {"reason": "somebody asks"})
        await until_recorded(handle, failed=EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED)
        await life.report(1, "user_hangup", *WHOLE_CALL)
        assert await result(handle) == "reached"
        written = await all_that_the_engine_has(handle)
    assert b"Provider" in written
    assert found_in(written) == []
    assert found_in(caplog.text.encode()) == []
