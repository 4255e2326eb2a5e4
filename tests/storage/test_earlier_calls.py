"""The calls that the next one is told of: found by their contact, bounded, and none that must not be told."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from domain.conversation_memory import LONGEST_SUMMARY, LONGEST_TRANSCRIPT, MOST_CALLS
from storage.earlier_calls import EARLIER_CALLS, MOST_FIELDS_CHARACTERS, EarlierCallRow, earlier_calls
from storage.models import ContactRow, InboundCallRow, LeadRow
from tests.builders import (
    NOON,
    Sessions,
    World,
    add_attempt_of,
    add_campaign,
    add_lead,
    add_lead_of,
    add_world,
    change,
)

OTHERS, OWN = 2_000, 1_000

CONTACTS = """
insert into contacts (id, organization_id, phone_number)
select gen_random_uuid(), :organization, '+1202' || (5000000 + n) from generate_series(1, :most) n
"""
CALLS = """
insert into interaction_attempts (id, organization_id, lead_id, contact_id, campaign_id, number_pool_id, account_id,
    number, from_number, status, not_before, not_after, outcome, counts, first_sent_at, slot_released_at, analysis)
select gen_random_uuid(), lead.organization_id, lead.id, coalesce(cast(:contact as uuid), contact.id), lead.campaign_id,
    :pool, :account, :first + n, '+12125550101', 'done', now(), now(),
    case n % 10 when 0 then 'answered' else 'no_answer' end, true,
    now() - n * interval '1 minute', now(), '{"summary": "They spoke."}'
from leads lead, (select id, row_number() over () n from contacts limit :most) contact where lead.id = :lead
"""


@pytest.fixture
async def world(sessions: Sessions) -> World:
    return await add_world(sessions)


@pytest.fixture
async def lead(sessions: Sessions, world: World) -> LeadRow:
    return await add_lead(sessions, world)


async def over(sessions: Sessions, world: World, lead: LeadRow, number: int = 1, **columns: object) -> None:
    at = NOON + timedelta(hours=number)
    usual: dict[str, Any] = {
        "outcome": "answered",
        "counts": True,
        "first_sent_at": at,
        "ended_at": at,
        "slot_released_at": at,
        "analysis": {"summary": f"call {number}"},
    }
    known = usual | columns
    status = str(known.pop("status", "done"))
    await add_attempt_of(sessions, world, lead, status, number=number, **known)


async def rang(sessions: Sessions, world: World, lead: LeadRow, number: int = 1, **columns: object) -> None:
    """The same for a call that came in."""
    usual: dict[str, Any] = {"status": "done", "outcome": "answered", "analysis": {"summary": f"call {number}"}}
    row = InboundCallRow(
        organization_id=world.organization.id,
        account_id=world.account.id,
        contact_id=lead.contact_id,
        call_id=f"call_in_{number}",
        created_at=NOON + timedelta(hours=number),
        **(usual | columns),
    )
    async with sessions.begin() as session:
        session.add(row)


async def read(sessions: Sessions, contact_id: UUID) -> list[EarlierCallRow]:
    async with sessions() as session:
        return list(await earlier_calls(session, contact_id))


async def test_calls_are_found_over_all_leads_and_campaigns_of_the_contact_newest_first(
    sessions: Sessions, world: World, lead: LeadRow
) -> None:
    elsewhere = await add_campaign(sessions, world)
    async with sessions() as session:
        contact = await session.get_one(ContactRow, lead.contact_id)
    other = await add_lead_of(sessions, elsewhere, contact)
    stranger = await add_lead(sessions, world, "+13125550199")
    await over(sessions, world, lead, 1)
    await over(sessions, elsewhere, other, 2)
    await over(sessions, world, stranger, 3)
    assert [call.summary for call in await read(sessions, lead.contact_id)] == ["call 2", "call 1"]


async def test_calls_that_came_in_stand_among_those_that_went_out(
    sessions: Sessions, world: World, lead: LeadRow
) -> None:
    stranger = await add_lead(sessions, world, "+13125550199")
    for number in range(1, MOST_CALLS + 3):
        await (rang if number % 2 else over)(sessions, world, lead, number)
    await rang(sessions, world, stranger, 20)
    newest = range(MOST_CALLS + 2, 2, -1)
    assert [(call.summary, call.came_in) for call in await read(sessions, lead.contact_id)] == [
        (f"call {number}", bool(number % 2)) for number in newest
    ]


@pytest.mark.parametrize(
    ("columns", "is_told"),
    [
        pytest.param({"outcome": "callback_requested"}, True, id="asked-to-be-called"),
        pytest.param({"outcome": "no_answer"}, False, id="hung-up-without-a-word"),
        pytest.param({"outcome": None, "status": "in_progress"}, False, id="goes-on"),
        pytest.param({"erased_at": NOON}, False, id="erased"),
    ],
)
async def test_of_calls_that_came_in_those_are_told_that_tell_something(
    sessions: Sessions, world: World, lead: LeadRow, columns: dict[str, Any], is_told: bool
) -> None:
    await rang(sessions, world, lead, **columns)
    assert bool(await read(sessions, lead.contact_id)) is is_told


@pytest.mark.parametrize(
    ("columns", "is_told"),
    [
        pytest.param({"outcome": "voicemail"}, True, id="a-message-was-left"),
        pytest.param({"outcome": "transfer_cancelled"}, True, id="nobody-to-be-put-through-to"),
        pytest.param({"outcome": "opted_out"}, True, id="asked-not-to-be-called-and-taken-back"),
        pytest.param({"outcome": "failed", "transcript": "User: Hello"}, True, id="broke-off"),
        pytest.param({"outcome": "failed", "transcript": ""}, False, id="nobody-spoke"),
        pytest.param({"outcome": "no_answer"}, False, id="rang"),
        pytest.param({"outcome": "refused", "counts": False, "first_sent_at": None}, False, id="never-sent"),
        pytest.param({"outcome": None, "status": "in_progress"}, False, id="goes-on"),
    ],
)
async def test_only_calls_that_are_over_and_in_which_somebody_spoke_are_told(
    sessions: Sessions, world: World, lead: LeadRow, columns: dict[str, Any], is_told: bool
) -> None:
    await over(sessions, world, lead, **columns)
    assert bool(await read(sessions, lead.contact_id)) is is_told


async def test_nothing_is_read_of_a_contact_that_may_not_be_called(
    sessions: Sessions, world: World, lead: LeadRow
) -> None:
    await over(sessions, world, lead)
    async with sessions.begin() as session:
        (await session.get_one(ContactRow, lead.contact_id)).do_not_call_at = NOON
    assert await read(sessions, lead.contact_id) == []


async def test_nothing_is_read_of_a_person_who_was_erased(sessions: Sessions, world: World, lead: LeadRow) -> None:
    await over(sessions, world, lead)
    await change(sessions, lead, status="done", outcome="erased")
    assert await read(sessions, lead.contact_id) == []


async def test_of_what_was_said_no_more_is_read_than_can_be_told(
    sessions: Sessions, world: World, lead: LeadRow
) -> None:
    await over(
        sessions, world, lead, 1, analysis={"summary": "s" * 10**6, "custom": {"a": "b" * MOST_FIELDS_CHARACTERS}}
    )
    await over(sessions, world, lead, 2, analysis=None, transcript="x" * 10**6 + "the end")
    await over(sessions, world, lead, 3, analysis={"summary": "short", "custom": {"asked": "why"}}, transcript="long")
    third, second, first = await read(sessions, lead.contact_id)
    assert (len(first.summary or ""), first.custom, first.transcript_end) == (LONGEST_SUMMARY, None, None)
    assert len(second.transcript_end or "") == LONGEST_TRANSCRIPT
    assert (second.transcript_end or "").endswith("the end")
    assert (third.summary, third.custom, third.transcript_end) == ("short", {"asked": "why"}, None)


@pytest.mark.parametrize(
    "analysis",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"summary": None, "custom": None}, id="nulls"),
        pytest.param({"summary": ["a"], "custom": ["b"]}, id="lists"),
        pytest.param({"summary": {"a": 1}, "custom": "b"}, id="objects"),
    ],
)
async def test_an_analysis_of_any_shape_can_be_read(
    sessions: Sessions, world: World, lead: LeadRow, analysis: dict[str, object]
) -> None:
    await over(sessions, world, lead, analysis=analysis)
    assert len(await read(sessions, lead.contact_id)) == 1


async def test_among_thousands_of_attempts_the_index_finds_them_and_no_more_than_needed_are_looked_at(
    sessions: Sessions, world: World, lead: LeadRow
) -> None:
    """A contact that was dialled 1,000 times, one in ten answered, among 2,000 others."""
    given = {"lead": lead.id, "pool": world.pool.id, "account": world.account.id}
    async with sessions.begin() as session:
        await session.execute(text(CONTACTS), {"organization": world.organization.id, "most": OTHERS})
        await session.execute(text(CALLS), given | {"contact": None, "first": 0, "most": OTHERS})
        own = {"contact": lead.contact_id, "first": 2 * OTHERS, "most": OWN}
        await session.execute(text(CALLS), given | own)
    async with sessions.begin() as session:
        await session.execute(text("analyze interaction_attempts"))
        await session.execute(text("analyze contacts"))
    assert len(await read(sessions, lead.contact_id)) == MOST_CALLS
    plan = await explain(sessions, lead.contact_id)
    assert "Index Scan Backward using ix_attempts_contact" in plan
    assert "Merge Append" in plan
    assert "->  Sort" not in plan
    assert "Seq Scan on interaction_attempts" not in plan


async def explain(sessions: Sessions, contact_id: UUID) -> str:
    asked = EARLIER_CALLS.params(contact_id=contact_id)
    async with sessions() as session:
        written = asked.compile((await session.connection()).sync_engine, compile_kwargs={"literal_binds": True})
        return "\n".join(await session.scalars(text(f"explain (analyze, costs off) {written}")))
