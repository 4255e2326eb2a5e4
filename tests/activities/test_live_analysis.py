"""Phrases that are said while a call goes on: flagged once, and a wish not to be called again honoured at once."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from activities.inbox import Taken
from domain.vocabulary import LeadOutcome
from storage.models import AttemptRow, ContactRow, LeadRow
from tests.activities.provider_edge import ProviderEdge
from tests.activities.stage import Clock, Stage
from tests.activities.webhooks import take
from tests.builders import NOON, Sessions, World, add_attempt_of, add_lead, add_lead_of, change, reread

RIVAL = {"phrase": "Acme Dental", "then": "flag", "said_by": "anyone"}
Said = tuple[str, str]


@pytest.fixture
async def lead(sessions: Sessions, world: World) -> LeadRow:
    return await add_lead(sessions, world)


@pytest.fixture
async def attempt(sessions: Sessions, world: World, lead: LeadRow) -> AttemptRow:
    return await add_attempt_of(
        sessions, world, lead, "in_progress", call_id="call_1", first_sent_at=NOON, last_sent_at=NOON
    )


class Call:
    """What the provider reports of one call."""

    def __init__(self, sessions: Sessions, world: World, clock: Clock) -> None:
        self._sessions = sessions
        self._world = world
        self._clock = clock

    async def says(self, *said: Said) -> Taken:
        return await self._report("transcript_updated", said)

    async def ends(self, *said: Said, event: str = "call_analyzed", **call: object) -> Taken:
        over = {"call_status": "ended", "disconnection_reason": "user_hangup", "duration_ms": 30_000}
        return await self._report(event, said, **(over | call))

    async def _report(self, event: str, said: Sequence[Said], **call: object) -> Taken:
        utterances = [{"role": role, "content": content} for role, content in said]
        written = {"event": event, "call": {"call_id": "call_1", "transcript_object": utterances, **call}}
        return await take(self._sessions, self._world.account, written, self._clock)


@pytest.fixture
def call(sessions: Sessions, world: World, clock: Clock, attempt: AttemptRow) -> Call:
    return Call(sessions, world, clock)


async def contact_of(sessions: Sessions, lead: LeadRow) -> ContactRow:
    async with sessions() as session:
        return await session.get_one(ContactRow, lead.contact_id)


async def flags_of(sessions: Sessions, attempt: AttemptRow) -> list[dict[str, Any]]:
    return (await reread(sessions, attempt)).flags or []


async def test_a_wish_not_to_be_called_is_honoured_while_the_call_goes_on(
    sessions: Sessions, lead: LeadRow, attempt: AttemptRow, call: Call, clock: Clock
) -> None:
    await call.says(("agent", "Good day"), ("user", "Stop calling me!"))
    contact = await contact_of(sessions, lead)
    assert (contact.do_not_call_at, contact.do_not_call_source) == (clock.now, "call")
    assert contact.do_not_call_reason == "“stop calling” was said in a call"
    row = await reread(sessions, attempt)
    assert (row.status, row.slot_released_at) == ("in_progress", None)
    assert row.flags == [
        {
            "phrase": "stop calling",
            "then": "do_not_call",
            "said_by": "callee",
            "utterance": 1,
            "at": "2026-03-02T18:00:00Z",
        }
    ]


async def test_other_leads_of_the_contact_are_woken_and_end_and_the_calls_own_is_left_to_say_goodbye(
    sessions: Sessions, world: World, lead: LeadRow, call: Call, stage: Stage, provider: ProviderEdge
) -> None:
    contact = await contact_of(sessions, lead)
    other = await add_lead_of(sessions, world, contact)
    not_started = await add_lead_of(sessions, world, contact, handed_over_at=None)
    stranger = await add_lead(sessions, world, "+13125550124")
    taken = await call.says(("user", "Please do not call"))
    assert taken.aftermath.wake == ((other.id, 1),)
    for done in (other, not_started):
        await stage.next_step(done)
        row = await reread(sessions, done)
        assert (row.outcome, row.blocked_reason) == (LeadOutcome.BLOCKED, "do_not_call")
    assert (await reread(sessions, stranger)).outcome is None
    assert (await call.says(("user", "Please do not call"))).aftermath.wake == ()


@pytest.mark.parametrize(
    ("reason", "analysis"),
    [
        pytest.param("user_hangup", {}, id="nothing-else-says-so"),
        pytest.param("user_requested_dnc", {}, id="the-reason-says-so-too"),
        pytest.param("user_hangup", {"in_voicemail": True}, id="the-analysis-takes-it-for-a-machine"),
        pytest.param(
            "user_hangup", {"custom_analysis_data": {"callback_at": "tomorrow"}}, id="the-analysis-heard-another-wish"
        ),
    ],
)
async def test_the_call_ends_as_opted_out_and_so_does_its_lead(
    sessions: Sessions, lead: LeadRow, attempt: AttemptRow, call: Call, stage: Stage, reason: str, analysis: object
) -> None:
    said = [("user", "Take me off your list."), ("agent", "Of course. Goodbye.")]
    await call.says(*said)
    await call.ends(*said, disconnection_reason=reason, call_analysis=analysis)
    row = await reread(sessions, attempt)
    assert (row.status, row.outcome, row.counts) == ("done", "opted_out", True)
    await stage.next_step(lead)
    assert (await reread(sessions, lead)).outcome == LeadOutcome.OPTED_OUT


async def test_a_call_whose_end_nobody_ever_hears_has_opted_out_too(
    sessions: Sessions, attempt: AttemptRow, call: Call, stage: Stage, clock: Clock, provider: ProviderEdge
) -> None:
    await call.says(("user", "Stop calling"))
    await change(sessions, attempt, call_id=None)
    clock.forward(hours=3)
    await stage.look_up(attempt.id)
    row = await reread(sessions, attempt)
    assert (row.status, row.outcome) == ("done", "opted_out")


async def test_words_that_only_the_end_reports_are_heard_as_well(
    sessions: Sessions, lead: LeadRow, attempt: AttemptRow, call: Call
) -> None:
    await call.ends(("user", "Remove my number"))
    assert (await reread(sessions, attempt)).outcome == "opted_out"
    assert (await contact_of(sessions, lead)).do_not_call_at is not None


async def test_a_phrase_is_flagged_once_however_often_the_transcript_repeats_grows_and_is_revised(
    sessions: Sessions, world: World, attempt: AttemptRow, call: Call, clock: Clock
) -> None:
    await change(sessions, world.campaign, live_phrases=[RIVAL])
    await call.says(("user", "I am with"))
    assert await flags_of(sessions, attempt) == []
    for said in (
        [("user", "I am with Acme Dental")],
        [("user", "I am with Acme Dental")],
        [("agent", "Hello?"), ("user", "I am with Acme"), ("user", "Dental"), ("agent", "Acme Dental, I see")],
    ):
        clock.forward(seconds=1)
        await call.says(*said)
    await call.ends(("user", "I am with Acme Dental"))
    (flag,) = await flags_of(sessions, attempt)
    assert (flag["phrase"], flag["then"], flag["utterance"], flag["at"]) == (
        "Acme Dental",
        "flag",
        0,
        "2026-03-02T18:00:01Z",
    )


async def test_a_flag_forbids_nothing(sessions: Sessions, world: World, lead: LeadRow, call: Call) -> None:
    await change(sessions, world.campaign, live_phrases=[RIVAL])
    await call.says(("user", "I am with Acme Dental."))
    assert (await contact_of(sessions, lead)).do_not_call_at is None


async def test_a_campaign_that_only_flags_hears_the_usual_wishes_all_the_same(
    sessions: Sessions, world: World, lead: LeadRow, call: Call
) -> None:
    await change(sessions, world.campaign, live_phrases=[RIVAL])
    await call.says(("user", "I am with Acme Dental. Stop calling."))
    assert (await contact_of(sessions, lead)).do_not_call_at is not None


async def test_reports_that_come_at_once_flag_a_phrase_once(
    sessions: Sessions, attempt: AttemptRow, call: Call
) -> None:
    reports = [call.says(("user", f"{'No! ' * number} Stop calling")) for number in range(16)]
    await asyncio.gather(*reports, call.ends(("user", "Stop calling")))
    assert [flag["phrase"] for flag in await flags_of(sessions, attempt)] == ["stop calling"]


async def test_whom_somebody_allows_to_be_called_again_is_not_forbidden_by_the_same_words(
    sessions: Sessions, lead: LeadRow, call: Call
) -> None:
    await call.says(("user", "Stop calling"))
    await change(sessions, await contact_of(sessions, lead), do_not_call_at=None)
    await call.says(("user", "Stop calling"), ("user", "Only joking"))
    assert (await contact_of(sessions, lead)).do_not_call_at is None


async def test_a_campaign_that_listens_for_nothing_hears_nothing(
    sessions: Sessions, world: World, lead: LeadRow, attempt: AttemptRow, call: Call
) -> None:
    await change(sessions, world.campaign, live_phrases=[])
    await call.says(("user", "Stop calling"))
    assert await flags_of(sessions, attempt) == []
    assert (await contact_of(sessions, lead)).do_not_call_at is None


async def test_a_settled_call_keeps_its_outcome_and_a_wish_in_it_still_counts(
    sessions: Sessions, lead: LeadRow, attempt: AttemptRow, call: Call, clock: Clock
) -> None:
    await call.ends(("user", "Hello"))
    clock.forward(hours=1)
    await call.says(("user", "Hello"), ("user", "Stop calling"))
    row = await reread(sessions, attempt)
    assert (row.outcome, [flag["phrase"] for flag in row.flags or []]) == ("answered", ["stop calling"])
    assert (await contact_of(sessions, lead)).do_not_call_at == clock.now
