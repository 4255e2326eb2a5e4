"""The campaign by which lists and figures are cut down.

One that isn't there is no empty list: that would look like a campaign in which nothing happens.
"""

from uuid import UUID

from api.problems import NotFound
from storage.campaigns import has_campaign
from storage.looks import Via


async def must_exist(via: Via, organization_id: UUID, campaign_id: UUID | None) -> None:
    """Raises NotFound where a campaign is named that the organisation doesn't have."""
    if campaign_id is not None and not await has_campaign(via, organization_id, campaign_id):
        raise NotFound("There is no campaign with this `campaign_id`.")
