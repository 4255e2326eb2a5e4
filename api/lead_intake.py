"""From a body to a lead: what is wrong with it is said before anything is written."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from activities.lead_input import LeadInput, in_order
from activities.lead_workflows import LeadToStart
from api.problems import Conflict, Invalid, NotFound, Problem, invalid_request
from domain.time_zones import LeadTimeZones, TimeZoneUndecided, UnknownRegion, decide_time_zones
from domain.vocabulary import OVER
from storage.campaigns import default_campaign, get_campaigns
from storage.lead_intake import Added, NewLead, NumberTaken, add_leads
from storage.models import CampaignRow

Read = LeadInput | Problem
Outcome = Added | Problem


@dataclass(frozen=True, slots=True)
class Campaigns:
    """The campaigns that the leads of a request name, and the one of those that name none."""

    by_id: Mapping[UUID, CampaignRow]
    default: CampaignRow | None

    def of(self, body: LeadInput) -> CampaignRow:
        if body.campaign_id is None:
            if self.default is None:
                raise Conflict("There is no default campaign; give `campaign_id`.")
            return self.default
        if body.campaign_id not in self.by_id:
            raise NotFound("There is no campaign with this `campaign_id`.")
        if self.by_id[body.campaign_id].status in OVER:
            raise Conflict("This campaign is finished and takes no more leads; give another `campaign_id`.")
        return self.by_id[body.campaign_id]


def read_lead(written: object) -> Read:
    """One lead of a batch, or what is wrong with it."""
    try:
        return LeadInput.model_validate(written)
    except ValidationError as error:
        return invalid_request(error.errors(include_url=False, include_input=False))


async def take_leads(
    session: AsyncSession, organization_id: UUID, provider: str, bodies: Sequence[Read]
) -> Sequence[Outcome]:
    """Store what is in order; each outcome stands at its lead's place. The caller commits."""
    campaigns = await _campaigns(session, organization_id, provider, bodies)
    prepared = [body if isinstance(body, Problem) else _prepare(body, campaigns) for body in bodies]
    leads = [item for item in prepared if isinstance(item, NewLead)]
    added = iter(await add_leads(session, organization_id, leads) if leads else ())
    return [item if isinstance(item, Problem) else _outcome(next(added)) for item in prepared]


def to_start(added: Added, organization_id: UUID, campaign_name: str) -> LeadToStart:
    lead = added.record.lead
    return LeadToStart(
        lead_id=lead.id,
        run=lead.run,
        campaign_id=lead.campaign_id,
        campaign_name=campaign_name,
        organization_id=organization_id,
    )


async def _campaigns(session: AsyncSession, organization_id: UUID, provider: str, bodies: Sequence[Read]) -> Campaigns:
    ids = {body.campaign_id for body in bodies if isinstance(body, LeadInput) and body.campaign_id is not None}
    wants_default = any(isinstance(body, LeadInput) and body.campaign_id is None for body in bodies)
    by_id = await get_campaigns(session, organization_id, list(ids)) if ids else {}
    default = await default_campaign(session, organization_id, provider) if wants_default else None
    return Campaigns(by_id, default)


def _prepare(body: LeadInput, campaigns: Campaigns) -> NewLead | Problem:
    try:
        campaign = campaigns.of(body)
        with _zone_problems():
            return in_order(body, campaign)
    except Problem as problem:
        return problem


def zones_of(*, time_zone: str | None, region: str | None, phone_number: str) -> LeadTimeZones:
    """The zones a lead may be in by what is known of it, or the problem with what was given."""
    with _zone_problems():
        return decide_time_zones(time_zone=time_zone, region=region, phone_number=phone_number)


@contextmanager
def _zone_problems() -> Iterator[None]:
    try:
        yield
    except UnknownRegion as error:
        raise Invalid("region", str(error)) from error
    except TimeZoneUndecided as error:
        raise Invalid("time_zone", str(error)) from error


def number_taken(lead_id: UUID) -> Conflict:
    return Conflict("This campaign takes a number once, and another lead has it.", more={"lead_id": str(lead_id)})


def _outcome(result: Added | NumberTaken) -> Outcome:
    return number_taken(result.lead_id) if isinstance(result, NumberTaken) else result
