"""A person corrects what a lead's last call meant: as if the call had been named so at first.

What can't be made so silently and safely stays as it is, and the answer's notes say so and how to do it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from activities.aftermath import Line
from activities.call_meaning import Concerned, name_by_hand
from activities.terms import dispositions_of
from activities.weighing import DialSettings, weigh
from api.principal import Principal
from api.problems import Conflict, Invalid
from api.schemas.leads import LeadChange
from domain.corrections import reweigh
from domain.decision import Finished
from domain.dispositions import Disposition, Then, disposition_named
from domain.vocabulary import OVER, BlockedReason, LeadOutcome, LeadStatus
from storage.attempts import lock_attempt
from storage.contact_facts import was_reached_by_ringing
from storage.lead_changes import go_on, last_counted
from storage.leads import open_runs_of_contact
from storage.models import AttemptRow, CampaignRow, ContactRow
from storage.situations import LeadWithContext

_STAYS_DONE = "The lead stays done and isn't called again"
_REACHED_OTHERWISE = "the person was reached otherwise"
_REOPEN = "POST /api/v1/leads/{id}/reopen has it called again, with its attempts counted anew."

_SETTINGS = DialSettings("", timedelta(0), frozenset())
"""Nothing is dialled here, and whether this process could doesn't matter."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What the last call that counts meant, by a person's word; no disposition takes back what was said before."""

    attempt: AttemptRow
    disposition: Disposition | None


@dataclass(frozen=True, slots=True)
class Corrected:
    """``runs``: further leads that end by it. ``goes_on``: the lead was done and has another run, to be started.

    ``notes``: what was left undone, in sentences for people; ``lines`` are for the log.
    """

    goes_on: bool = False
    runs: frozenset[tuple[UUID, int]] = frozenset()
    notes: Sequence[str] = ()
    lines: Sequence[Line] = ()


NOTHING = Corrected()


def correction_of(context: LeadWithContext, change: LeadChange) -> Correction | None:
    """None where no disposition is named, or what is named is so already by a person's word."""
    if "disposition" not in change.model_fields_set:
        if change.attempt_id is not None:
            raise Invalid("attempt_id", "Give the disposition of this call, too.")
        return None
    wanted = None if change.disposition is None else _named(change.disposition, dispositions_of(context.campaign))
    attempt = last_counted(context.lead, context.attempts)
    if attempt is None:
        raise Conflict("No call of this lead has come to anything yet, so there is no disposition to correct.")
    if change.attempt_id not in (None, attempt.id):
        raise Conflict(
            "By now another call of this lead is the last one that counts; look at it before you correct it."
        )
    by_hand = attempt.disposition_by is not None
    is_known = not by_hand if wanted is None else by_hand and attempt.disposition == wanted.name
    return None if is_known else Correction(attempt, wanted)


async def correct(
    session: AsyncSession, principal: Principal, context: LeadWithContext, correction: Correction, now: datetime
) -> Corrected:
    """Name the call anew and see to what follows. Callers hold the lead's locks and its calls' contacts', and commit.

    The wish not to be called is that of whoever was called, which a number that was changed since doesn't alter.
    """
    table = dispositions_of(context.campaign)
    # Read whole: with what was said in it, which is left out where its lead is locked.
    attempt = await lock_attempt(session, correction.attempt.id)
    if attempt is None:
        raise LookupError(correction.attempt.id)
    before = _then(attempt.disposition, table)
    concerned = Concerned(context.lead, context.campaign)
    meaning = await name_by_hand(session, attempt, concerned, correction.disposition, principal.id, now=now)
    named = [one.disposition for one in context.attempts if one.disposition is not None]
    context.lead.disposition = named[-1] if named else None
    contact, after = await session.get_one(ContactRow, attempt.contact_id), _then(attempt.disposition, table)
    notes = _still_listed(contact) if before is Then.DO_NOT_CALL and after is not Then.DO_NOT_CALL else ()
    goes_on, further = await _follow(session, context, attempt, before, now)
    runs = await open_runs_of_contact(session, contact.id) if after is Then.DO_NOT_CALL else ()
    return Corrected(goes_on, frozenset(runs), [*notes, *further], meaning.lines)


async def _follow(
    session: AsyncSession, context: LeadWithContext, attempt: AttemptRow, before: Then | None, now: datetime
) -> tuple[bool, Sequence[str]]:
    """Whether a lead that was done goes on, and why not, if one would have expected it to."""
    lead = context.lead
    if lead.status != LeadStatus.DONE or lead.outcome is None:
        return False, ()
    await session.flush()
    situation = await weigh(session, context, now=now, settings=_SETTINGS)
    again = reweigh(situation, LeadOutcome(lead.outcome), number=attempt.number, before=before)
    if again.finished is None:
        if await was_reached_by_ringing(session, lead.id, since=attempt.ended_at or now):
            return False, [f"{_STAYS_DONE}: {_REACHED_OTHERWISE}. {_REOPEN}"]
        go_on(lead)
        return True, ()
    lead.outcome, lead.blocked_reason = again.finished.outcome, again.finished.blocked_reason
    return False, [_stays_done(context, again.finished)] if again.asks_for_calls else ()


def _named(name: str, table: Sequence[Disposition]) -> Disposition:
    disposition = disposition_named(name, table)
    if disposition is None:
        names = ", ".join(row.name for row in table)
        raise Invalid("disposition", f"The campaign has no disposition of this name; give one of {names}.")
    return disposition


def _then(name: str | None, table: Sequence[Disposition]) -> Then | None:
    disposition = disposition_named(name, table)
    return None if disposition is None else disposition.then


def _still_listed(contact: ContactRow) -> Sequence[str]:
    if contact.do_not_call_at is None or contact.erased_at is not None:
        return ()
    number = contact.phone_number
    told = f"{number} stays on the do-not-call list, on which the disposition before has put it."
    return [f"{told} Where it may be called again, take it off by a request of its own: {_off_the_list(number)}."]


def _off_the_list(phone_number: str) -> str:
    return f"DELETE /api/v1/do-not-call/{phone_number}"


def _stays_done(context: LeadWithContext, finished: Finished) -> str:
    why, remedy = _why_done(context.campaign, context.contact, finished)
    return f"{_STAYS_DONE}: {why}. {remedy}"


def _why_done(campaign: CampaignRow, contact: ContactRow, finished: Finished) -> tuple[str, str]:
    """Why a lead is done that the call wouldn't have ended, and what to do to have it called again."""
    off_the_list = (
        f"If they may be called all the same, take the number off the list ({_off_the_list(contact.phone_number)}), "
        "then reopen the lead (POST /api/v1/leads/{id}/reopen)."
    )
    match finished.outcome, finished.blocked_reason:
        case LeadOutcome.OPTED_OUT, _:
            return "the person asked not to be called again, which no disposition takes back", off_the_list
        case _, BlockedReason.DO_NOT_CALL if contact.do_not_call_at is None:
            return "its number stands on an imported do-not-call list", "Nobody calls it while it does."
        case _, BlockedReason.DO_NOT_CALL:
            return "its number is on the do-not-call list", off_the_list
        case LeadOutcome.INVALID_NUMBER, _:
            return "its number can't be called", "Reopen it (POST /api/v1/leads/{id}/reopen) and give it another."
        case _ if campaign.status in OVER:
            return f"its campaign is {campaign.status}", "Add the person to another campaign to have them called."
        case LeadOutcome.MAX_ATTEMPTS_REACHED, _:
            return f"its attempts are used up (the campaign's max_attempts is {campaign.max_attempts})", _REOPEN
        case LeadOutcome.CANCELLED, _:
            return "it was cancelled", _REOPEN
        case _, BlockedReason.CONSENT_MISSING:
            return "the campaign requires consent and there is none", f"Give it `consent`; then {_REOPEN}"
        case _, BlockedReason.REFUSED_BY_PROVIDER:
            return "the provider refuses its requests", f"Look at its number and its fields; then {_REOPEN}"
        case _:
            return _REACHED_OTHERWISE, _REOPEN
