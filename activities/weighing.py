"""From locked rows to the situation that the domain weighs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from activities.probing import held_up_by
from activities.terms import caps_of, dispositions_of, hours_after, rule_of
from domain.calling_rules import CallingRule
from domain.dispositions import Disposition, disposition_named
from domain.refused_requests import RequestRefusal
from domain.retry_schedule import AttemptSummary, RetrySchedule, parse_retry_delays
from domain.situation import UNLIMITED, Capacity, Situation
from domain.time_zones import load_zones
from domain.vocabulary import AttemptOutcome, AttemptStatus, CampaignStatus, LeadOutcome
from storage.contact_facts import ContactFacts, contact_facts
from storage.models import AccountRow, AttemptRow, CampaignRow
from storage.situations import LeadWithContext

CAPS_LOOK_BACK = timedelta(days=2)
"""A day on the contact's clock and any 24 hours lie within it."""


@dataclass(frozen=True, slots=True)
class DialSettings:
    """``webhook_url``: where the provider reports to. ``providers``: the kinds of accounts that the environment has a
    key for; ``opens_keys``: whether accounts with keys of their own can be dialled through.
    """

    webhook_url: str
    longest_call: timedelta
    providers: frozenset[str]
    opens_keys: bool = False


async def weigh(
    session: AsyncSession,
    context: LeadWithContext,
    *,
    now: datetime,
    settings: DialSettings,
    capacity: Capacity = UNLIMITED,
    attempt: AttemptRow | None = None,
) -> Situation:
    """The situation of a lead whose rows are locked.

    Args:
        attempt: The attempt that is about to be sent, which isn't counted against itself.
    """
    contact = await contact_facts(
        session,
        context.contact,
        context.lead,
        dialled_since=now - look_back(context.campaign, rule_for(context)),
        but_for=None if attempt is None else attempt.id,
    )
    return situation_of(context, contact, now=now, settings=settings, capacity=capacity)


def rule_for(context: LeadWithContext) -> CallingRule:
    return rule_of(context.campaign, region=context.lead.region, phone_number=context.contact.phone_number)


def look_back(campaign: CampaignRow, rule: CallingRule) -> timedelta:
    """How long ago a dial may be and still count against a cap."""
    return max(CAPS_LOOK_BACK, caps_of(campaign, rule).least_distance or CAPS_LOOK_BACK)


def situation_of(
    context: LeadWithContext,
    contact: ContactFacts,
    *,
    now: datetime,
    settings: DialSettings,
    capacity: Capacity = UNLIMITED,
) -> Situation:
    """What these rows and facts come to. Arguments as for ``weigh``."""
    lead, campaign = context.lead, context.campaign
    rule = rule_for(context)
    finished = _finished_attempts(context)
    table = dispositions_of(campaign)
    called_ahead = _is_called_ahead(context, finished)
    return Situation(
        now=now,
        outcome=None if lead.outcome is None else LeadOutcome(lead.outcome),
        blocked_reason=lead.blocked_reason,
        cancelled=lead.cancelled_at is not None,
        erased=context.contact.erased_at is not None,
        do_not_call=contact.is_listed or context.contact.do_not_call_at is not None,
        consent_missing=campaign.require_consent and lead.consent is None,
        reached_elsewhere=_is_reached_elsewhere(campaign, contact, now),
        rang_back=None if lead.rang_back is None else LeadOutcome(lead.rang_back),
        contact_on_a_call=contact.is_on_a_call,
        contact_rings_in=contact.rings_in,
        not_before=lead.not_before,
        called_ahead=called_ahead,
        hours=hours_after(campaign, rule, None if called_ahead else _last_outcome(finished)),
        rule_hours=rule.hours,
        zones=load_zones(lead.time_zones),
        zone_names=lead.time_zones,
        schedule=RetrySchedule(campaign.max_attempts, parse_retry_delays(campaign.retry_delays)),
        history=[_summary(one, table) for one in finished],
        callback_at=next((one.callback_at for one in reversed(finished) if one.counts is not False), None),
        vary_part_of_day=campaign.vary_part_of_day,
        caps=caps_of(campaign, rule),
        contact_dials=contact.dials,
        organization_stopped=context.organization.stopped_at is not None,
        campaign_status=CampaignStatus(campaign.status),
        parked_reason=_parked_reason(context, settings),
        capacity=capacity,
        spread=_spread(lead.id),
    )


def _spread(lead_id: UUID) -> float:
    return lead_id.int % 1_000 / 1_000


def _is_reached_elsewhere(campaign: CampaignRow, contact: ContactFacts, now: datetime) -> bool:
    days = campaign.skip_if_reached_within_days
    return days is not None and contact.reached_at is not None and contact.reached_at > now - timedelta(days=days)


def _finished_attempts(context: LeadWithContext) -> Sequence[AttemptRow]:
    """The attempts of this run of the lead; what came before a reopening is over."""
    return [
        attempt
        for attempt in context.attempts
        if attempt.status == AttemptStatus.DONE and attempt.number > context.lead.earlier_attempts
    ]


def _last_outcome(finished: Sequence[AttemptRow]) -> AttemptOutcome | None:
    counted = [attempt.outcome for attempt in finished if attempt.counts is not False and attempt.outcome is not None]
    return AttemptOutcome(counted[-1]) if counted else None


def _is_called_ahead(context: LeadWithContext, finished: Sequence[AttemptRow]) -> bool:
    """Somebody wants the lead called at once, and no call that counts came of it yet.

    It must hold from the grant through the gate to a repeat of the same dial, so nothing clears the wish on the way.
    """
    wished_at = context.lead.called_ahead_at
    if wished_at is None:
        return False
    return not any(
        attempt.counts is not False and attempt.settled_at is not None and attempt.settled_at >= wished_at
        for attempt in finished
    )


def _summary(attempt: AttemptRow, table: Sequence[Disposition]) -> AttemptSummary:
    disposition = disposition_named(attempt.disposition, table)
    return AttemptSummary(
        number=attempt.number,
        outcome=AttemptOutcome(attempt.outcome or AttemptOutcome.UNKNOWN),
        counts=attempt.counts is not False,
        ended_at=attempt.ended_at or attempt.settled_at or attempt.created_at,
        then=None if disposition is None else disposition.then,
        refusal=_REQUEST_REFUSALS.get(attempt.disconnection_reason or ""),
    )


def _parked_reason(context: LeadWithContext, settings: DialSettings) -> str | None:
    remedy = _what_is_missing(context.account, settings)
    if remedy is not None:
        return f"the account {context.account.name} can't be reached from here: {remedy}"
    return held_up_by(context)


def _what_is_missing(account: AccountRow, settings: DialSettings) -> str | None:
    """What has to be done before this process can dial through the account."""
    if account.sealed_key is not None:
        return None if settings.opens_keys else "set LEADLINE_SECRETS_KEY for the worker and start again"
    if account.provider == "retell" and not account.is_default:
        return "give it its API key"
    return None if account.provider in settings.providers else _REMEDIES[account.provider]


_REQUEST_REFUSALS = {refusal.value: refusal for refusal in RequestRefusal}

_REMEDIES = {
    "retell": "set RETELL_API_KEY and start again",
    "simulator": "it belongs to the simulator, which runs only where no RETELL_API_KEY is set",
}
