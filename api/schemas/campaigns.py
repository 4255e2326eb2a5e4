"""Campaigns as they come in and as they are answered."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from api.schemas.fields import Input, JsonObject, OptionalText, PhoneNumber, Text
from domain.calling_hours import parse_windows
from domain.retry_schedule import parse_retry_delays
from domain.vocabulary import CallingRules, DuplicateNumbers, VoicemailAction
from storage.campaigns import CampaignTerms
from storage.defaults import EVERY_DAY, MAX_ATTEMPTS, RETRY_DELAYS_SECONDS
from storage.models import CampaignRow

Purpose = Literal["telemarketing", "informational"]
SHORTEST_CALL_SECONDS = 60  # the provider's own limit
LONGEST_CALL_SECONDS = 7_200


def _windows(value: list[dict[str, Any]]) -> list[dict[str, Any]]:
    parse_windows(value)
    return value


def _retry_delays(value: dict[str, Any]) -> dict[str, Any]:
    parse_retry_delays(value)
    return value


def _version(value: int | str | None) -> str | None:
    return None if value is None else str(value)


Windows = Annotated[list[dict[str, Any]], Field(max_length=50), AfterValidator(_windows)]
RetryDelays = Annotated[JsonObject, AfterValidator(_retry_delays)]
AgentVersion = Annotated[Annotated[int, Field(ge=0, lt=1_000_000_000)] | Text | None, AfterValidator(_version)]
MaxAttempts = Annotated[int, Field(ge=1, le=100)]
MaxCallSeconds = Annotated[int, Field(ge=SHORTEST_CALL_SECONDS, le=LONGEST_CALL_SECONDS)]
MaxLiveCalls = Annotated[int, Field(ge=1, le=100_000)]
Money = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=4)]


class CampaignInput(Input):
    """``max_call_seconds`` falls back to the installation's; without a pool the default one is taken."""

    name: Text
    number_pool_id: UUID | None = None
    agent_id: OptionalText = None
    agent_version: AgentVersion = None
    windows: Windows = Field(default_factory=lambda: list(EVERY_DAY))
    calling_rules: CallingRules = CallingRules.STRICT
    purpose: Purpose = "telemarketing"
    max_attempts: MaxAttempts = MAX_ATTEMPTS
    retry_delays: RetryDelays = Field(default_factory=lambda: dict(RETRY_DELAYS_SECONDS))
    max_call_seconds: MaxCallSeconds | None = None
    max_live_calls: MaxLiveCalls | None = None
    voicemail: VoicemailAction = VoicemailAction.HANG_UP
    duplicate_numbers: DuplicateNumbers = DuplicateNumbers.REUSE
    transfer_number: PhoneNumber | None = None
    require_consent: bool = False
    budget: Money | None = None

    def terms(self, *, number_pool_id: UUID, max_call_seconds: int) -> CampaignTerms:
        """With what the body may leave open filled in."""
        own = self.model_dump(exclude={"number_pool_id", "max_call_seconds"})
        return CampaignTerms(
            number_pool_id=self.number_pool_id or number_pool_id,
            max_call_seconds=self.max_call_seconds or max_call_seconds,
            **own,
        )


class CampaignChange(Input):
    """What is named is changed. The result is read as a whole campaign again, so null is refused where it is there."""

    name: Any = None
    number_pool_id: Any = None
    agent_id: Any = None
    agent_version: Any = None
    windows: Any = None
    calling_rules: Any = None
    purpose: Any = None
    max_attempts: Any = None
    retry_delays: Any = None
    max_call_seconds: Any = None
    max_live_calls: Any = None
    voicemail: Any = None
    duplicate_numbers: Any = None
    transfer_number: Any = None
    require_consent: Any = None
    budget: Any = None

    def on(self, campaign: CampaignRow) -> CampaignInput:
        """The campaign as it would be.

        Raises:
            pydantic.ValidationError: it would be none.
        """
        now = {name: getattr(campaign, name) for name in CampaignInput.model_fields}
        return CampaignInput.model_validate(now | self.model_dump(exclude_unset=True))


class CampaignAnswer(BaseModel):
    id: UUID
    name: str
    status: str
    is_default: bool
    number_pool_id: UUID
    agent_id: str | None
    agent_version: str | None
    windows: list[dict[str, Any]]
    calling_rules: str
    purpose: str
    max_attempts: int
    retry_delays: dict[str, Any]
    max_call_seconds: int
    max_live_calls: int | None
    voicemail: str
    duplicate_numbers: str
    transfer_number: str | None
    require_consent: bool
    budget: float | None
    parked_reason: str | None
    launched_at: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, campaign: CampaignRow) -> Self:
        return cls(**{name: getattr(campaign, name) for name in cls.model_fields})


class CampaignPage(BaseModel):
    items: list[CampaignAnswer]
    next_cursor: str | None
