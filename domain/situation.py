"""All the facts that decide what may happen to a lead now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from domain.attempt_caps import NO_CAPS, AttemptCaps
from domain.calling_hours import CallingHours
from domain.retry_schedule import AttemptSummary, RetrySchedule
from domain.vocabulary import CampaignStatus, LeadOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """``free_slots`` counts live calls that still fit under every cap; ``next_dial_at`` paces calls a second.

    ``lacking``: what somebody waits for, in words for people, where no slot is free.
    """

    free_slots: int
    next_dial_at: datetime | None = None
    lacking: str = "a free slot"


UNLIMITED = Capacity(free_slots=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that is known about a lead and the world around it at ``now`` (UTC).

    Attributes:
        history: The finished attempts of this life of the lead, oldest first.
        contact_dials: When the contact was dialled, over all leads and campaigns of the organisation, as far back as
            ``caps`` look; what is being decided about now isn't among them.
        reached_elsewhere: Another lead of the contact reached it so lately that this campaign leaves it alone.
        contact_on_a_call: We have the person on the phone for this or another lead, or had a moment ago and nobody can
            tell yet what that meant.
        rule_hours: What the calling rules alone allow, with which ``hours`` are cut.
        rang_back: How a call of the person's own ends the lead.
        contact_rings_in: The person has us on the phone now, or had a moment ago and nobody can tell yet what it meant.
        spread: From 0 to 1, another for each lead: those who would wake at one instant wake a little apart.
    """

    now: datetime
    outcome: LeadOutcome | None = None
    blocked_reason: str | None = None
    cancelled: bool = False
    erased: bool = False
    do_not_call: bool = False
    consent_missing: bool = False
    reached_elsewhere: bool = False
    rang_back: LeadOutcome | None = None
    contact_on_a_call: bool = False
    contact_rings_in: bool = False
    not_before: datetime | None = None
    called_ahead: bool = False
    hours: CallingHours
    rule_hours: CallingHours | None = None
    zones: Sequence[tzinfo]
    zone_names: Sequence[str]
    schedule: RetrySchedule
    history: Sequence[AttemptSummary] = ()
    callback_at: str | None = None
    vary_part_of_day: bool = False
    caps: AttemptCaps = NO_CAPS
    contact_dials: Sequence[datetime] = ()
    organization_stopped: bool = False
    campaign_status: CampaignStatus = CampaignStatus.RUNNING
    parked_reason: str | None = None
    capacity: Capacity = UNLIMITED
    spread: float = 0.0

    @property
    def contact_is_busy(self) -> bool:
        """The person is on a call, or was a moment ago and nobody can tell yet what that meant."""
        return self.contact_on_a_call or self.contact_rings_in
