"""Why nobody of a campaign is called, in sentences with what to do."""

from activities.probing import all_parked
from domain.decision import STOPPED
from domain.vocabulary import CampaignStatus
from storage.models import OrganizationRow
from storage.standing import CampaignSeen

STOPPED_BY_PEOPLE = f"{STOPPED}; POST /api/v1/organizations/current/start lets it go on"
HELD_BY_STATUS = {
    CampaignStatus.DRAFT: "it is a draft; launch it",
    CampaignStatus.PAUSED: "it is paused; resume it",
}
PILOT_IS_OVER = "its pilot is over; look at its calls, then resume it"
BUDGET_IS_USED_UP = "its budget is used up, or left to calls that go on; PATCH /api/v1/campaigns/{id} raises it"
NO_NUMBERS = "its number pool has no number to call from; PATCH /api/v1/number-pools/{id} gives it some"


def held_up_by(seen: CampaignSeen, organization: OrganizationRow, *, without_numbers: bool) -> list[str]:
    """Everything that holds it up, the outermost first; empty where those who are due wait for a free slot only.

    Args:
        without_numbers: Its number pool has none.
    """
    reasons = (
        STOPPED_BY_PEOPLE if organization.stopped_at else None,
        HELD_BY_STATUS.get(CampaignStatus(seen.campaign.status)),
        *all_parked(seen.account, seen.pool, seen.campaign),
        PILOT_IS_OVER if seen.is_pilot_over else None,
        BUDGET_IS_USED_UP if seen.is_budget_used_up else None,
        NO_NUMBERS if without_numbers else None,
    )
    return [reason for reason in reasons if reason]
