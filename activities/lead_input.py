"""A lead as it comes from outside, by a request or in a file, and as it is stored once it is in order."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from activities.input_fields import (
    Input,
    Instant,
    JsonObject,
    LongText,
    OptionalText,
    PastInstant,
    PhoneNumber,
    Text,
)
from domain.regions import normal_region
from domain.time_zones import decide_time_zones
from storage.lead_intake import NewLead
from storage.models import CampaignRow

Priority = Annotated[int, Field(ge=1, le=5)]


class ConsentInput(Input):
    """``basis``: any words; written, oral, existing_relationship, inquiry and other are the usual ones."""

    basis: Text
    text: LongText = None
    source: OptionalText = None
    given_at: PastInstant | None = None


class LeadInput(Input):
    phone_number: PhoneNumber
    name: OptionalText = None
    campaign_id: UUID | None = None
    source: OptionalText = None
    time_zone: OptionalText = None
    region: OptionalText = None
    postal_code: OptionalText = None
    external_id: OptionalText = None
    priority: Priority = 3
    not_before: Instant | None = None
    consent: ConsentInput | None = None
    custom_fields: JsonObject = Field(default_factory=dict)


def written_consent(consent: ConsentInput | None) -> dict[str, Any] | None:
    return None if consent is None else consent.model_dump(mode="json", exclude_none=True)


def in_order(body: LeadInput, campaign: CampaignRow) -> NewLead:
    """The lead with its zones decided, as one of this campaign.

    Raises:
        UnknownRegion, TimeZoneUndecided: as ``decide_time_zones`` says.
    """
    zones = decide_time_zones(time_zone=body.time_zone, region=body.region, phone_number=body.phone_number)
    return NewLead(
        campaign=campaign,
        time_zones=zones.zones,
        time_zone_source=zones.source,
        region=None if body.region is None else normal_region(body.region),
        consent=written_consent(body.consent),
        phone_number=body.phone_number,
        external_id=body.external_id,
        name=body.name,
        source=body.source,
        postal_code=body.postal_code,
        priority=body.priority,
        not_before=body.not_before,
        custom_fields=body.custom_fields,
    )
