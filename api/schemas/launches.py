"""Launches, with what is against them, and calls to one's own phone."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from api.schemas.campaigns import CampaignAnswer
from api.schemas.fields import Input, JsonObject, OptionalText, PhoneNumber


class LaunchInput(Input):
    """``pilot``: so many leads are called at first; then the campaign is held until it is resumed."""

    confirm_disclosure: bool = False
    confirm_opt_out: bool = False
    pilot: Annotated[int, Field(ge=1, le=10_000)] | None = None


class Reason(BaseModel):
    """Why a campaign can't be launched, or what is doubtful about it."""

    code: str
    detail: str
    remedy: str


class LaunchAnswer(CampaignAnswer):
    """``warnings``: what would keep a campaign of a real account from its launch, and what couldn't be found out."""

    warnings: list[Reason] = Field(default_factory=list)


class TrialCallInput(Input):
    """A call to one's own phone. ``custom_fields`` fill the agent's variables as those of a lead would."""

    phone_number: PhoneNumber
    name: OptionalText = None
    custom_fields: JsonObject = Field(default_factory=dict)


class TrialCallAnswer(BaseModel):
    call_id: str
    campaign_id: UUID
    from_number: str
    agent_id: str | None
    agent_version: int | None
    note: str


class TrialCallState(BaseModel):
    """A call to one's own phone, as the provider knows it now; nothing of it is kept here."""

    direction: Literal["test"] = "test"
    call_id: str
    campaign_id: UUID
    from_number: str
    status: str | None
    ended: bool
    disconnection_reason: str | None
    agent_id: str | None
    agent_version: int | None
    started_at: datetime | None
    ended_at: datetime | None
    duration_seconds: float | None
    transcript: str | None
    analysis: dict[str, Any] | None
    created_at: datetime
