"""A lead whose requests alone are refused is set aside and holds up nobody; a campaign that is set up wrong is parked.

A world of seconds: slots are handed on, what was granted is dialled, whoever was refused asks what comes next.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select
from structlog.testing import capture_logs
from structlog.typing import EventDict

from storage import lead_changes
from storage.models import AttemptRow, LeadRow
from storage.refused_requests import dials_of_others, refusals_of
from tests.activities.provider_edge import ProviderEdge, refuses
from tests.activities.stage import Clock, Stage
from tests.activities.webhooks import take, unanswered
from tests.builders import NOON, Sessions, World, add_attempt_of, add_lead, change, reread
from tests.query_plans import overheard, whole_reads

SET_ASIDE = ["refused_request", "refused_lead", "refused_lead"]
SECOND = timedelta(seconds=1)


class Play:
    """Leads by their numbers, in the order of their turns; the provider refuses those of ``poisoned``."""

    def __init__(self, stage: Stage, sessions: Sessions, world: World, clock: Clock, provider: ProviderEdge) -> None:
        self.stage, self.sessions, self.world, self.clock, self.provider = stage, sessions, world, clock, provider
        self.poisoned: set[str] = set()
        self.leads: list[LeadRow] = []
        self.lines: list[EventDict] = []

    async def add(self, letters: str, **columns: object) -> list[LeadRow]:
        """A lead for each letter: ``p`` is poisoned. The first has waited the longest."""
        added = []
        for letter in letters:
            number = f"+13125550{len(self.leads):03}"
            due = NOON - timedelta(hours=1) + len(self.leads) * SECOND
            lead = await add_lead(self.sessions, self.world, number, **({"due_at": due} | columns))
            self.leads.append(lead)
            added.append(lead)
            if letter == "p":
                self.poisoned.add(number)
        return added

    async def go_on(self, seconds: int) -> None:
        with capture_logs() as lines:
            for _ in range(seconds):
                await self.stage.slots.hand_on(self.world.pool.id)
                for attempt in await self.attempts(status="granted"):
                    if attempt.not_before <= self.clock.now:
                        await self._dial(attempt)
                self.clock.forward(seconds=1)
        self.lines += lines

    async def _dial(self, attempt: AttemptRow) -> None:
        self.provider.dials = [self._answer]
        await self.stage.place(attempt)
        if (await reread(self.sessions, attempt)).status == "done":
            await self.stage.next_step(next(lead for lead in self.leads if lead.id == attempt.lead_id))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        body = request.content.decode()
        if any(number in body for number in self.poisoned):
            return refuses(400, "dynamic variables too large")
        return self.provider._taken(request)

    async def attempts(self, **columns: object) -> Sequence[AttemptRow]:
        async with self.sessions() as session:
            query = select(AttemptRow).filter_by(**columns).order_by(AttemptRow.created_at)
            return (await session.scalars(query)).all()

    async def reasons_of(self, lead: LeadRow) -> list[str | None]:
        return [attempt.disconnection_reason for attempt in await self.attempts(lead_id=lead.id)]

    async def end_of(self, lead: LeadRow) -> tuple[str | None, str | None]:
        row = await reread(self.sessions, lead)
        return row.outcome, row.blocked_reason

    def told(self, event: str) -> list[str]:
        """The ids in the lines of this event."""
        return [line.get("lead_id") or line["id"] for line in self.lines if line["event"] == event]


@pytest.fixture
def play(stage: Stage, sessions: Sessions, world: World, clock: Clock, provider: ProviderEdge) -> Play:
    return Play(stage, sessions, world, clock, provider)


@pytest.mark.parametrize(
    "order",
    [
        pytest.param("ggpggg", id="one"),
        pytest.param("gppggg", id="two-in-a-row"),
        pytest.param("gpgpgpgpgpg", id="many-who-come-last-when-they-are-tried-again"),
    ],
)
async def test_who_alone_is_refused_is_set_aside_and_keeps_nobody_waiting(play: Play, order: str) -> None:
    await play.add(order)
    await play.go_on(80)
    assert (play.told("parked"), (await reread(play.sessions, play.world.campaign)).parked_at) == ([], None)
    poisoned = [lead for lead, letter in zip(play.leads, order, strict=True) if letter == "p"]
    for lead in poisoned:
        assert await play.reasons_of(lead) == SET_ASIDE
        assert await play.end_of(lead) == ("blocked", "refused_by_provider")
    assert sorted(play.told("lead_set_aside")) == sorted(str(lead.id) for lead in poisoned)
    taken = [attempt for attempt in await play.attempts() if attempt.call_id is not None]
    assert len(taken) == order.count("g")
    assert all(attempt.first_sent_at < NOON + 3 * SECOND for attempt in taken if attempt.first_sent_at)
    assert not any(attempt.counts for attempt in await play.attempts())


async def test_a_campaign_that_is_set_up_wrong_is_parked_soon_and_nobody_is_set_aside(play: Play) -> None:
    """It went well until a moment ago; from then on nobody gets through."""
    await play.add("gg")
    await play.go_on(2)
    refused = await play.add("p" * 12)
    await play.go_on(5)
    assert play.told("parked") == [str(play.world.campaign.id)]
    assert [line["log_level"] for line in play.lines if line["event"] == "parked"] == ["error"]
    assert len(play.provider.dialled) == 2 + 4
    await play.go_on(300)
    assert 2 + 4 + 9 <= len(play.provider.dialled) <= 2 + 4 + 11  # one each thirty seconds
    assert Counter([await play.end_of(lead) for lead in refused]) == {(None, None): 12}
    assert not any(attempt.counts for attempt in await play.attempts())
    assert (play.told("parked"), play.told("lead_set_aside")) == ([str(play.world.campaign.id)], [])


async def test_who_is_refused_as_the_first_of_a_campaign_leaves_the_probe_to_another(play: Play) -> None:
    """Although its priority is better. It is told apart once somebody got through."""
    (poisoned,) = await play.add("p", priority=1)
    await play.go_on(1)
    other, *_ = await play.add("ggg")
    await play.go_on(29)
    assert await play.reasons_of(poisoned) == ["refused_request"]
    assert (await reread(play.sessions, play.world.campaign)).parked_reason == "refused_request"
    await play.go_on(1)
    (probe,) = await play.attempts(is_probe=True)
    assert (probe.lead_id, probe.call_id) == (other.id, f"call_{probe.id}")
    await take(play.sessions, play.world.account, unanswered("call_started", probe, "user_hangup"), play.clock)
    await play.go_on(90)
    assert await play.reasons_of(poisoned) == SET_ASIDE
    assert await play.end_of(poisoned) == ("blocked", "refused_by_provider")
    assert len([attempt for attempt in await play.attempts() if attempt.call_id is not None]) == 3
    assert play.told("parked") == [str(play.world.campaign.id)]


async def test_a_lead_that_is_reopened_has_all_its_tries_again(play: Play) -> None:
    _, poisoned = await play.add("gp")
    await play.go_on(80)
    assert await play.end_of(poisoned) == ("blocked", "refused_by_provider")
    async with play.sessions.begin() as session:
        lead = await session.get_one(LeadRow, poisoned.id)
        lead_changes.reopen(lead, attempts_before=3)
        lead.due_at = lead.handed_over_at = play.clock.now
    play.leads[1] = await reread(play.sessions, poisoned)
    await play.go_on(1)
    assert await play.reasons_of(poisoned) == [*SET_ASIDE, "refused_request"]
    assert await play.end_of(poisoned) == (None, None)
    play.poisoned.clear()
    await play.go_on(40)
    assert (await play.attempts(lead_id=poisoned.id))[-1].call_id is not None


@pytest.mark.parametrize(
    ("minutes_ago", "reason"), [pytest.param(9.9, None, id="lately"), pytest.param(10.1, "refused_request", id="long")]
)
async def test_a_call_that_ended_long_ago_excuses_no_campaign(
    play: Play, minutes_ago: float, reason: str | None
) -> None:
    (good,) = await play.add("g")
    await play.go_on(1)
    (call,) = await play.attempts(lead_id=good.id)
    ended = {"status": "done", "outcome": "no_answer", "counts": True}
    await change(play.sessions, call, slot_released_at=NOON - timedelta(minutes=minutes_ago) + SECOND, **ended)
    await play.add("p")
    await play.go_on(1)
    assert (await reread(play.sessions, play.world.campaign)).parked_reason == reason


async def test_what_a_lead_was_refused_before_a_call_that_rang_is_forgotten(sessions: Sessions, world: World) -> None:
    lead = await add_lead(sessions, world)
    done = {"slot_released_at": NOON, "settled_at": NOON}
    refused = done | {"outcome": "refused", "counts": False}
    for number, reason in enumerate(("refused_lead", None, "provider_busy", "refused_request", "refused_lead"), 1):
        columns = done | {"outcome": "no_answer", "counts": True} if reason is None else refused
        await add_attempt_of(sessions, world, lead, "done", number=number, disconnection_reason=reason, **columns)
    async with sessions() as session:
        assert await refusals_of(session, lead.id) == ["refused_request", "refused_lead"]
    await change(sessions, lead, earlier_attempts=4)
    async with sessions() as session:
        assert await refusals_of(session, lead.id) == ["refused_lead"]


async def test_whose_fault_it_is_is_told_by_indexes(play: Play, database_url: str) -> None:
    _, poisoned = await play.add("gp")
    await play.go_on(3)
    with overheard(play.sessions.kw["bind"]) as said:
        async with play.sessions() as session:
            others = await dials_of_others(session, play.world.campaign.id, but_for=poisoned.id, since=NOON)
            assert [dial.was_taken for dial in others] == [True]
            assert await refusals_of(session, poisoned.id) == ["refused_request"]
    assert len(said) >= 2
    assert await whole_reads(database_url, said) == {}
