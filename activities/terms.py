"""What a campaign's row says, as the domain reads it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from domain.attempt_caps import AttemptCaps
from domain.calling_hours import CallingHours, HoursElsewhere, intersect, parse_windows
from domain.calling_rules import CallingRule, rules_for
from domain.disposition_table import parse_dispositions
from domain.dispositions import DEFAULT_DISPOSITIONS, Disposition
from domain.live_phrases import LivePhrase, parse_live_phrases, phrases_heard
from domain.transfer_hours import parse_transfer_hours
from domain.vocabulary import AttemptOutcome, CallingRules
from storage.models import CampaignRow


def rule_of(campaign: CampaignRow, *, region: str | None, phone_number: str) -> CallingRule:
    """The calling rule for a person of this campaign."""
    return rules_for(region=region, phone_number=phone_number, level=CallingRules(campaign.calling_rules))


def windows_within(campaign: CampaignRow, rule: CallingRule) -> CallingHours:
    """The campaign's windows, cut with the rule and never widened by it."""
    return intersect(parse_windows(campaign.windows), rule.hours)


def hours_after(campaign: CampaignRow, rule: CallingRule, last: AttemptOutcome | None) -> CallingHours:
    """When the lead may be called after its last call that counts.

    Who was left waiting for a person is called again when there is one.
    """
    hours = windows_within(campaign, rule)
    transfer_hours = None if campaign.transfer_number is None else transfer_hours_of(campaign)
    if last is not AttemptOutcome.TRANSFER_CANCELLED or transfer_hours is None:
        return hours
    return replace(hours, elsewhere=(*hours.elsewhere, transfer_hours))


def transfer_hours_of(campaign: CampaignRow) -> HoursElsewhere | None:
    """When there is somebody to whom calls are put through; None for always."""
    return None if campaign.transfer_hours is None else parse_transfer_hours(campaign.transfer_hours)


def caps_of(campaign: CampaignRow, rule: CallingRule) -> AttemptCaps:
    """How often a contact may be dialled, by the rule and by the campaign, whichever is stricter."""
    seconds = campaign.min_seconds_between_attempts
    own = AttemptCaps(
        per_day=campaign.max_attempts_per_day,
        per_24_hours=campaign.max_attempts_per_24_hours,
        least_distance=None if seconds is None else timedelta(seconds=seconds),
    )
    return own.stricter(AttemptCaps(per_24_hours=rule.max_attempts_per_24_hours, least_distance=rule.least_distance))


def dispositions_of(campaign: CampaignRow) -> Sequence[Disposition]:
    return DEFAULT_DISPOSITIONS if campaign.dispositions is None else parse_dispositions(campaign.dispositions)


def live_phrases_of(campaign: CampaignRow) -> Sequence[LivePhrase]:
    return phrases_heard(None if campaign.live_phrases is None else parse_live_phrases(campaign.live_phrases))
