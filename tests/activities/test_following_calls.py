"""Without a public address: webhooks are lost, and every end is heard all the same, once, from a real simulator."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import delete, func, select, text
from structlog.testing import capture_logs
from temporalio.client import Client
from typing_extensions import override

from activities import inbox
from activities.account_clients import AccountClients
from activities.following_calls import CallFollowing
from activities.following_mishaps import FollowingMishaps
from storage.models import AttemptRow, ContactRow, LeadRow, LiveEventRow, WebhookEventRow
from telephony.http import provider_http_client
from telephony.provider import VoiceProvider
from telephony.retell_client import RetellProvider
from tests.activities.engine_edge import EngineEdge
from tests.activities.stage import Clock, Stage
from tests.activities.webhooks import take
from tests.builders import ALWAYS, Sessions, World, add_lead, add_world, change, reread
from tests.patience import PATIENCE_SECONDS
from tests.telephony.conftest import API_KEY, control, simulator

__all__ = ["control", "simulator"]

EVERY = timedelta(seconds=1)
LEADS = 12


class RealTime(Clock):
    """For what goes on in another process."""

    @override
    def __call__(self) -> datetime:
        return datetime.now(UTC)


class Following(Stage):
    """The stage with real time, the real simulator, and no way in for webhooks."""

    def __init__(self, sessions: Sessions, http: httpx.AsyncClient, client: Client, url: str) -> None:
        super().__init__(sessions, RealTime(datetime.now(UTC)), http, client, url)
        self.sessions = sessions
        self.clients = AccountClients[VoiceProvider]({"simulator": RetellProvider(API_KEY, url, http)})
        self.mishaps = CollectorRegistry()

    def follower(self) -> CallFollowing:
        """One of any number of workers."""
        return self.follower_at(lambda: datetime.now(UTC))

    def follower_at(self, clock: Callable[[], datetime]) -> CallFollowing:
        self.mishaps = CollectorRegistry()
        mishaps = FollowingMishaps(self.mishaps)
        return CallFollowing(self.sessions, self.clients, {"simulator"}, self.workflows, mishaps, clock, every=EVERY)

    def broken_off(self, what: str) -> float | None:
        """How often the latest worker had to break this off."""
        return self.mishaps.get_sample_value("leadline_following_failures_total", {"what": what})


@pytest.fixture
async def world(sessions: Sessions) -> World:
    return await add_world(sessions, windows=ALWAYS, calling_rules="off")


@pytest.fixture
async def stage(sessions: Sessions, client: Client, simulator: str) -> AsyncIterator[Following]:
    async with provider_http_client() as http:
        yield Following(sessions, http, client, simulator)


async def settings(control: httpx.AsyncClient, **changes: object) -> None:
    (await control.post("/settings", json=changes)).raise_for_status()


async def dialled(stage: Following, lead: LeadRow) -> AttemptRow:
    """A call that is under way, and of which nobody will tell us."""
    dial = await stage.dial(lead)
    await stage.place(dial)
    async with stage.sessions() as session:
        return await session.get_one(AttemptRow, dial.attempt_id)


async def open_attempts(sessions: Sessions) -> int:
    async with sessions() as session:
        return await session.scalar(select(func.count()).where(AttemptRow.status != "done")) or 0


async def until_all_are_settled(sessions: Sessions) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await open_attempts(sessions):
            pass  # asked again: it is the followers that write


async def requests(control: httpx.AsyncClient, operation: str) -> int:
    count: int = (await control.get("/stats")).json()["requests"].get(operation, 0)
    return count


async def test_every_end_is_heard_soon_with_all_that_was_said_and_told_to_its_workflow_once(
    stage: Following, world: World, sessions: Sessions, control: httpx.AsyncClient, engine: EngineEdge
) -> None:
    """Whoever listens for webhooks hears nothing, and three workers follow."""
    leads = []
    for number in range(LEADS):
        leads.append(await add_lead(sessions, world, f"+131255501{number:02}"))
        await dialled(stage, leads[-1])
    following = [asyncio.create_task(stage.follower().run()) for _ in range(3)]
    try:
        await until_all_are_settled(sessions)
        async with asyncio.timeout(PATIENCE_SECONDS):
            # Workflows are told after the commit.
            while len(engine.signals) < LEADS:
                engine.signalled.clear()
                await engine.signalled.wait()
    finally:
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)
    witnessed = {call["metadata"]["attempt_id"]: call for call in (await control.get("/calls")).json()}
    async with sessions() as session:
        attempts = list(await session.scalars(select(AttemptRow)))
    assert len(attempts) == len(witnessed) == LEADS
    for attempt in attempts:
        assert attempt.outcome == "answered"
        assert attempt.transcript
        assert attempt.analysis is not None
        assert attempt.recording_url
        assert attempt.settled_at is not None  # nobody looks calls up here: only who follows hears of them
    assert sorted(engine.signals) == sorted((f"lead-{lead.id}", "call_analyzed") for lead in leads)


async def test_what_is_found_is_told_to_those_who_listen_and_a_wish_not_to_be_called_again_is_honoured(
    stage: Following, world: World, sessions: Sessions, control: httpx.AsyncClient
) -> None:
    """As if a webhook had brought it, although no transcript came while the call went on."""
    greeting = {"phrase": "Northwind Services", "then": "do_not_call", "said_by": "agent"}
    await change(sessions, world.campaign, live_phrases=[greeting])
    row = await dialled(stage, await add_lead(sessions, world))
    await until_analyzed(control)
    async with sessions.begin() as session:
        await session.execute(delete(LiveEventRow))
    assert await stage.follower().look() == 1
    async with sessions() as session:
        kinds = await session.scalars(select(LiveEventRow.kind).where(LiveEventRow.attempt_id == row.id))
        assert set(kinds) == {"call", "transcript", "flag"}
        contact = await session.get_one(ContactRow, row.contact_id)
    assert (contact.do_not_call_source, (await reread(sessions, row)).outcome) == ("call", "opted_out")


async def test_one_question_serves_all_calls_of_an_account(
    stage: Following, world: World, sessions: Sessions, control: httpx.AsyncClient
) -> None:
    pin = {"to_number": "*", "calls": [{"scenario": "answer", "talk_seconds": 60}]}
    (await control.post("/scenarios", json=pin)).raise_for_status()
    for number in range(5):
        await dialled(stage, await add_lead(sessions, world, f"+131255501{number:02}"))
    await asyncio.gather(*(stage.follower().look() for _ in range(5)))
    # And one for those that came in.
    assert (await requests(control, "list-calls"), await requests(control, "get-call")) == (2, 0)


async def test_an_end_frees_the_slot_although_the_analysis_takes_its_time(
    stage: Following, world: World, sessions: Sessions, control: httpx.AsyncClient, engine: EngineEdge
) -> None:
    pin = {"to_number": "*", "calls": [{"scenario": "answer", "talk_seconds": 0.1, "analysis_seconds": 60}]}
    (await control.post("/scenarios", json=pin)).raise_for_status()
    row = await dialled(stage, await add_lead(sessions, world))
    await until_ended(control)
    await stage.follower().look()
    ended = await reread(sessions, row)
    assert (ended.status, ended.slot_released_at is None, bool(ended.transcript)) == ("in_progress", False, True)
    assert engine.signals == []


async def until_ended(control: httpx.AsyncClient) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            (call,) = (await control.get("/calls")).json()
            if call["ended_ms"] is not None:
                return dict(call)


async def until_analyzed(control: httpx.AsyncClient) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await control.get("/calls")).json()[0]["analyzed_ms"] is None:
            pass


async def test_a_webhook_that_does_arrive_changes_nothing_any_more_and_one_that_came_before_is_not_repeated(
    stage: Following, world: World, sessions: Sessions, control: httpx.AsyncClient, engine: EngineEdge
) -> None:
    row = await dialled(stage, await add_lead(sessions, world))
    await until_analyzed(control)
    assert await stage.follower().look() == 1
    before = await reread(sessions, row)
    for event in ("call_ended", "call_analyzed"):
        await webhook(stage, world, event, before)
    after = await reread(sessions, row)
    assert (after.outcome, after.settled_at, after.analysis) == (before.outcome, before.settled_at, before.analysis)
    assert engine.signals == [(f"lead-{row.lead_id}", "call_analyzed")]
    async with sessions() as session:
        events = await session.scalars(select(WebhookEventRow.event_key))
        assert sorted(events) == [f"call_analyzed:{row.call_id}", f"call_ended:{row.call_id}"]
    await change(sessions, row, status="in_progress", outcome=None, counts=None)
    follower = stage.follower_at(lambda: datetime.now(UTC) + timedelta(minutes=1))
    assert await follower.look() == 0
    assert len(engine.signals) == 1


async def webhook(stage: Following, world: World, event: str, attempt: AttemptRow) -> None:
    """As the API takes it."""
    body = {"event": event, "call": {"call_id": attempt.call_id, "metadata": {"attempt_id": str(attempt.id)}}}
    taken = await take(stage.sessions, world.account, body, lambda: datetime.now(UTC))
    if taken.forward is not None:
        await inbox.forward(stage.sessions, stage.workflows, [taken.forward], now=datetime.now(UTC))


async def test_a_dial_whose_answer_was_lost_is_proven_while_it_talks(
    stage: Following, world: World, sessions: Sessions, control: httpx.AsyncClient, engine: EngineEdge
) -> None:
    pin = {"to_number": "*", "calls": [{"scenario": "answer", "ring_seconds": 0, "talk_seconds": 60}]}
    (await control.post("/scenarios", json=pin)).raise_for_status()
    lost = {"operation": "create-phone-call", "effect": "error", "moment": "after", "next": 1}
    (await control.post("/faults", json=lost)).raise_for_status()
    row = await dialled(stage, await add_lead(sessions, world))
    assert row.status == "unconfirmed"
    assert await stage.follower().look() == 1
    assert (await reread(sessions, row)).status == "in_progress"
    assert engine.signals == [(f"lead-{row.lead_id}", "call_started")]


async def refuse_to_write(sessions: Sessions, table: str, condition: str) -> None:
    """The database raises an error that nobody foresaw, for some rows only."""
    async with sessions.begin() as session:
        await session.execute(
            text("create function fail() returns trigger language plpgsql as $$ begin raise 'nobody foresaw'; end $$")
        )
        await session.execute(
            text(
                f"create trigger fail before insert or update on {table}"
                f" for each row when ({condition}) execute function fail()"
            )
        )


async def until_all_are_analyzed(control: httpx.AsyncClient, number: int) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while [call["analyzed_ms"] is None for call in (await control.get("/calls")).json()] != [False] * number:
            pass


async def test_a_call_that_cannot_be_followed_keeps_no_other_from_being_followed(
    stage: Following, world: World, sessions: Sessions, control: httpx.AsyncClient
) -> None:
    rows = [await dialled(stage, await add_lead(sessions, world, f"+131255501{number:02}")) for number in range(3)]
    await until_all_are_analyzed(control, 3)
    await refuse_to_write(sessions, "interaction_attempts", f"new.id = '{rows[1].id}'")
    with capture_logs() as lines:
        assert await stage.follower().look() == 2
    assert [(await reread(sessions, row)).status for row in rows] == ["done", "in_progress", "done"]
    (line,) = [line for line in lines if line["event"] == "following_failed"]
    assert (line["what"], line["attempt_id"], "nobody foresaw" in str(line)) == ("call", str(rows[1].id), False)
    assert [stage.broken_off(what) for what in ("call", "account", "look")] == [1, 0, 0]


@pytest.mark.parametrize("broken", [0, 1])
async def test_an_account_that_cannot_be_followed_keeps_no_other_from_being_followed(
    stage: Following, sessions: Sessions, control: httpx.AsyncClient, broken: int
) -> None:
    worlds = [await add_world(sessions, windows=ALWAYS, calling_rules="off") for _ in range(2)]
    rows = [await dialled(stage, await add_lead(sessions, world)) for world in worlds]
    await until_all_are_analyzed(control, 2)
    await refuse_to_write(sessions, "followed_accounts", f"new.account_id = '{worlds[broken].account.id}'")
    assert await stage.follower().look() == 1
    assert (await reread(sessions, rows[1 - broken])).status == "done"
    assert (await reread(sessions, rows[broken])).status != "done"
    # The workspace's calls that came in are asked for as the first account's.
    assert stage.broken_off("account") == 2 - broken


async def test_a_provider_or_an_engine_that_is_away_is_asked_again(
    stage: Following, world: World, sessions: Sessions, control: httpx.AsyncClient, engine: EngineEdge
) -> None:
    row = await dialled(stage, await add_lead(sessions, world))
    await until_analyzed(control)
    broken = [{"operation": name, "effect": "error", "next": 1} for name in ("list-calls", "get-call")]
    (await control.post("/faults", json=broken)).raise_for_status()
    minutes = iter(range(100))
    follower = stage.follower_at(lambda: datetime.now(UTC) + timedelta(minutes=next(minutes)))
    assert [await follower.look() for _ in range(2)] == [0, 0]
    engine.is_away = True
    assert await follower.look() == 1
    assert (await reread(sessions, row)).status == "done"
    async with sessions() as session:
        (event,) = await session.scalars(select(WebhookEventRow))
    assert event.forwarded_at is None, "the reconciliation tells the workflow later"
