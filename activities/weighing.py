"""From locked rows to the situation that the domain weighs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.calling_hours import CallingHours, federal_hours, intersect, parse_windows
from domain.decision import Capacity, Situation
from domain.retry_schedule import AttemptSummary, RetrySchedule, parse_retry_delays
from domain.time_zones import load_zones
from domain.vocabulary import AttemptOutcome, AttemptStatus, CallingRules, CampaignStatus, LeadOutcome
from storage.models import AttemptRow, CampaignRow
from storage.situations import LeadWithContext


@dataclass(frozen=True, slots=True)
class DialSettings:
    """``webhook_url``: where the provider reports to. ``providers``: those that this process can dial through."""

    webhook_url: str
    longest_call: timedelta
    providers: frozenset[str]


def situation_of(
    context: LeadWithContext,
    *,
    now: datetime,
    settings: DialSettings,
    capacity: Capacity,
    contact_on_a_call: bool,
) -> Situation:
    lead, campaign = context.lead, context.campaign
    finished = _finished_attempts(context)
    return Situation(
        now=now,
        outcome=None if lead.outcome is None else LeadOutcome(lead.outcome),
        blocked_reason=lead.blocked_reason,
        cancelled=lead.cancelled_at is not None,
        do_not_call=context.contact.do_not_call_at is not None,
        consent_missing=campaign.require_consent and lead.consent is None,
        contact_on_a_call=contact_on_a_call,
        not_before=lead.not_before,
        called_ahead=_is_called_ahead(context, finished),
        hours=_hours_of(campaign),
        zones=load_zones(lead.time_zones),
        zone_names=lead.time_zones,
        schedule=RetrySchedule(campaign.max_attempts, parse_retry_delays(campaign.retry_delays)),
        history=[_summary(attempt) for attempt in finished],
        callback_at=next((attempt.callback_at for attempt in reversed(finished) if attempt.counts is not False), None),
        organization_stopped=context.organization.stopped_at is not None,
        campaign_status=CampaignStatus(campaign.status),
        parked_reason=_parked_reason(context, settings),
        capacity=capacity,
    )


def _finished_attempts(context: LeadWithContext) -> Sequence[AttemptRow]:
    """The attempts of this run of the lead; what came before a reopening is over."""
    return [
        attempt
        for attempt in context.attempts
        if attempt.status == AttemptStatus.DONE and attempt.number > context.lead.earlier_attempts
    ]


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


def _summary(attempt: AttemptRow) -> AttemptSummary:
    return AttemptSummary(
        number=attempt.number,
        outcome=AttemptOutcome(attempt.outcome or AttemptOutcome.UNKNOWN),
        counts=attempt.counts is not False,
        ended_at=attempt.ended_at or attempt.settled_at or attempt.created_at,
    )


def _hours_of(campaign: CampaignRow) -> CallingHours:
    """The campaign's windows, cut with the rules and never widened by them."""
    windows = parse_windows(campaign.windows)
    if campaign.calling_rules == CallingRules.OFF:
        return windows
    return intersect(windows, federal_hours())


def _parked_reason(context: LeadWithContext, settings: DialSettings) -> str | None:
    account = context.account
    for what, row in (("account", account), ("number pool", context.pool), ("campaign", context.campaign)):
        if row.parked_at is not None:
            return f"the {what} {row.name} is parked: {row.parked_reason}; mend that and resume it"
    if account.provider not in settings.providers:
        return f"the account {account.name} can't be reached from here: {_REMEDIES[account.provider]}"
    return None


_REMEDIES = {
    "retell": "set RETELL_API_KEY and start again",
    "simulator": "it belongs to the simulator, which runs only where no RETELL_API_KEY is set",
}
