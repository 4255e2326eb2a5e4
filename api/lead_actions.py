"""What people do with leads: one transaction each, then the engine is told."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from activities.lead_input import LeadInput
from api.auditing import note
from api.dependencies import Dependencies
from api.first_rows import configured_provider
from api.kept_answers import unless_answered
from api.lead_intake import Outcome, read_lead, take_leads, to_start
from api.principal import Principal
from api.problems import Conflict, NotFound, Problem
from api.schemas.leads import BatchAnswer, BatchItem, LeadAnswer, lead_answer
from api.schemas.problems import Problem as ProblemAnswer
from domain.vocabulary import AttemptStatus, LeadStatus
from storage.attempts import close_unrung
from storage.campaigns import get_campaigns
from storage.idempotency import KeptAnswer, RequestKey, keep_answer
from storage.lead_intake import Added
from storage.leads import LeadRecord, get_leads, owns_lead
from storage.leads import cancel_lead as write_cancelled
from storage.situations import LeadMoved, LeadWithContext, lock_lead

NO_LEAD = "There is no lead with this id."
MOVING = "Somebody is changing this lead's number at this very moment; ask again."


@dataclass(frozen=True, slots=True)
class TakenLead:
    status_code: int
    answer: LeadAnswer

    @property
    def location(self) -> str:
        return f"/api/v1/leads/{self.answer.id}"


async def take_one(
    deps: Dependencies, session: AsyncSession, principal: Principal, body: LeadInput, key: RequestKey | None
) -> TakenLead:
    """Store a lead and start its workflow; with an idempotency key, the answer is kept in the same commit."""
    request_hash = sha256(body.model_dump_json().encode()).hexdigest()
    if key is not None:
        await unless_answered(session, key, request_hash, deps.clock)
    outcome = (await _take(deps, session, principal, [body]))[0]
    if isinstance(outcome, Problem):
        raise outcome
    answers = await _answers(session, principal, [outcome])
    taken = TakenLead(201 if outcome.is_new else 200, answers[outcome.record.lead.id])
    if key is not None:
        answer = KeptAnswer(taken.status_code, taken.answer.model_dump(mode="json"), taken.location)
        keep_answer(session, key, request_hash, answer, now=deps.clock())
    await session.commit()
    await start(deps, principal, [outcome])
    return taken


async def take_batch(
    deps: Dependencies, session: AsyncSession, principal: Principal, written: Sequence[Any], key: RequestKey | None
) -> BatchAnswer:
    """Store the leads that are in order, in one transaction, and start as many workflows as soon go."""
    request_hash = sha256(json.dumps(written, sort_keys=True).encode()).hexdigest()
    if key is not None:
        await unless_answered(session, key, request_hash, deps.clock)
    outcomes = await _take(deps, session, principal, [read_lead(item) for item in written])
    answers = await _answers(session, principal, outcomes)
    answer = BatchAnswer(items=[_item(index, outcome, answers) for index, outcome in enumerate(outcomes)])
    if key is not None:
        keep_answer(session, key, request_hash, KeptAnswer(200, answer.model_dump(mode="json")), now=deps.clock())
    await session.commit()
    await start(deps, principal, [outcome for outcome in outcomes if isinstance(outcome, Added)])
    return answer


async def cancel(
    deps: Dependencies, session: AsyncSession, principal: Principal, lead_id: UUID, *, hang_up: bool
) -> LeadRecord:
    """Stop calling a lead; a slot that was granted and not used is handed on. Safe to repeat."""
    context = await locked(session, principal, lead_id)
    give_back_grant(deps, context, reason="cancelled")
    was_open = context.lead.status != LeadStatus.DONE
    call_is_open = context.open_attempt is not None
    write_cancelled(context.lead, now=deps.clock(), hang_up=hang_up, call_is_open=call_is_open)
    if was_open:
        note(session, principal, "lead.cancelled", lead_id, {"hang_up": hang_up})
    await session.commit()
    if was_open:
        await deps.engine.wake([(lead_id, context.lead.run)], "cancelled")
    return await read_again(session, principal, lead_id)


async def locked(session: AsyncSession, principal: Principal, lead_id: UUID) -> LeadWithContext:
    """A lead of the organisation with what decides about it, under the locks that the gates take too."""
    await must_own(session, principal, lead_id)
    try:
        context = await lock_lead(session, lead_id)
    except LeadMoved:
        raise Conflict(MOVING) from None
    if context is None:
        raise NotFound(NO_LEAD)
    return context


async def must_own(session: AsyncSession, principal: Principal, lead_id: UUID) -> None:
    if not await owns_lead(session, principal.organization_id, lead_id):
        raise NotFound(NO_LEAD)


async def read_again(session: AsyncSession, principal: Principal, lead_id: UUID) -> LeadRecord:
    """The whole lead: what is read to decide leaves the talks out."""
    session.expunge_all()
    return (await get_leads(session, principal.organization_id, [lead_id]))[lead_id]


def give_back_grant(deps: Dependencies, context: LeadWithContext, *, reason: str) -> None:
    """Close an attempt that was granted and not sent yet, so that its frozen request never leaves."""
    attempt = context.open_attempt
    if attempt is not None and attempt.status == AttemptStatus.GRANTED:
        close_unrung(attempt, now=deps.clock(), reason=reason)
        context.lead.status = LeadStatus.NEW


async def _take(
    deps: Dependencies, session: AsyncSession, principal: Principal, bodies: Sequence[LeadInput | Problem]
) -> Sequence[Outcome]:
    provider = configured_provider(deps.settings)
    return await take_leads(session, principal.organization_id, provider, bodies)


async def _answers(
    session: AsyncSession, principal: Principal, outcomes: Sequence[Outcome]
) -> Mapping[UUID, LeadAnswer]:
    """The answer of each lead. One that was there before may have attempts; a new one has none."""
    added = [outcome for outcome in outcomes if isinstance(outcome, Added)]
    records = {one.record.lead.id: one.record for one in added}
    present = [one.record.lead.id for one in added if not one.is_new]
    if present:
        records |= await get_leads(session, principal.organization_id, present)
    return {lead_id: lead_answer(record) for lead_id, record in records.items()}


def _item(index: int, outcome: Outcome, answers: Mapping[UUID, LeadAnswer]) -> BatchItem:
    if isinstance(outcome, Problem):
        return BatchItem(index=index, status=outcome.status, problem=ProblemAnswer.model_validate(outcome.body()))
    return BatchItem(index=index, status=201 if outcome.is_new else 200, lead=answers[outcome.record.lead.id])


async def start(deps: Dependencies, principal: Principal, added: Sequence[Added]) -> None:
    """Start what is new, and what is not known to have been started before; nearest due first, for not all may go."""
    waiting = {
        one.record.lead.id: one
        for one in added
        if one.record.lead.status != LeadStatus.DONE and one.record.lead.handed_over_at is None
    }
    if not waiting:
        return
    campaign_ids = {one.record.lead.campaign_id for one in waiting.values()}
    async with deps.sessions_of(principal.organization_id)() as session:
        campaigns = await get_campaigns(session, principal.organization_id, list(campaign_ids))
    await deps.engine.start(
        [
            to_start(one, principal.organization_id, campaigns[one.record.lead.campaign_id].name)
            for one in sorted(waiting.values(), key=_due)
        ]
    )


def _due(added: Added) -> datetime:
    lead = added.record.lead
    return lead.due_at or lead.not_before or lead.created_at
