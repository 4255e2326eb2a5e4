"""Campaigns as they come in and as they are answered."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.schemas.fields import (
    CallsPerSecond,
    Input,
    JsonObject,
    MaxLiveCalls,
    OptionalText,
    PhoneNumber,
    Text,
    fields_of,
    storable_object,
)
from api.schemas.words import (
    CallingRulesWord,
    CampaignStatusWord,
    DuplicateNumbersWord,
    PurposeWord,
    RoleWord,
    VoicemailActionWord,
)
from domain.calling_hours import parse_windows
from domain.conversation_memory import MEMORY_TOKENS
from domain.disposition_table import parse_dispositions
from domain.live_phrases import parse_live_phrases
from domain.retry_schedule import parse_retry_delays
from domain.transfer_hours import parse_transfer_hours
from domain.vocabulary import CallingRules, DuplicateNumbers, Purpose, Role, VoicemailAction
from storage.defaults import EVERY_DAY, MAX_ATTEMPTS, RETRY_DELAYS_SECONDS
from storage.models import CampaignRow

SHORTEST_CALL_SECONDS = 60  # the provider's own limit
LONGEST_CALL_SECONDS = 7_200
SHORTEST_RING_SECONDS = 15  # 16 CFR 310.4(b)(4)(ii): no shorter before an unanswered call is given up
LONGEST_RING_SECONDS = 300
LONGEST_DISTANCE_SECONDS = 90 * 24 * 3_600
LONGEST_REST_DAYS = 3_650
LONGEST_RECORDING_DAYS = 36_500
MOST_MEMORY_TOKENS = 4_000


def _windows(value: list[dict[str, Any]]) -> list[dict[str, Any]]:
    parse_windows(value)
    return value


def _retry_delays(value: dict[str, Any]) -> dict[str, Any]:
    parse_retry_delays(value)
    return value


def _dispositions(value: list[dict[str, Any]] | None) -> list[dict[str, Any]] | None:
    if value is not None:
        storable_object({"dispositions": value})
        parse_dispositions(value)
    return value


def _live_phrases(value: list[dict[str, Any]] | None) -> list[dict[str, Any]] | None:
    if value is not None:
        storable_object({"live_phrases": value})
        parse_live_phrases(value)
    return value


def _transfer_hours(value: dict[str, Any] | None) -> dict[str, Any] | None:
    if value is not None:
        parse_transfer_hours(value)
    return value


def _version(value: int | str | None) -> str | None:
    return None if value is None else str(value)


Windows = Annotated[list[dict[str, Any]], Field(max_length=50), AfterValidator(_windows)]
RetryDelays = Annotated[JsonObject, AfterValidator(_retry_delays)]
AgentVersion = Annotated[Annotated[int, Field(ge=0, lt=1_000_000_000)] | Text | None, AfterValidator(_version)]
MaxAttempts = Annotated[int, Field(ge=1, le=100)]
MaxCallSeconds = Annotated[int, Field(ge=SHORTEST_CALL_SECONDS, le=LONGEST_CALL_SECONDS)]
RingSeconds = Annotated[int, Field(ge=SHORTEST_RING_SECONDS, le=LONGEST_RING_SECONDS)]
AttemptCap = Annotated[int, Field(ge=1, le=1_000)]
DistanceSeconds = Annotated[int, Field(ge=0, le=LONGEST_DISTANCE_SECONDS)]
RestDays = Annotated[int, Field(ge=1, le=LONGEST_REST_DAYS)]
Dispositions = Annotated[list[dict[str, Any]] | None, AfterValidator(_dispositions)]
RecordingDays = Annotated[int, Field(ge=1, le=LONGEST_RECORDING_DAYS)]
RecordingRoles = Annotated[list[Role], Field(min_length=1, max_length=3)]
TransferHours = Annotated[
    dict[str, Any] | None,
    AfterValidator(_transfer_hours),
    Field(
        examples=[
            {
                "time_zone": "America/New_York",
                "windows": [{"days": ["mon", "tue", "wed", "thu", "fri"], "opens": "09:00", "closes": "17:00"}],
            }
        ]
    ),
]
MemoryTokens = Annotated[int, Field(ge=0, le=MOST_MEMORY_TOKENS, examples=[MEMORY_TOKENS])]
LivePhrases = Annotated[list[dict[str, Any]] | None, AfterValidator(_live_phrases)]
Money = Annotated[Decimal, Field(gt=0, max_digits=12, decimal_places=4)]


class CampaignInput(Input):
    """``max_call_seconds`` falls back to the installation's; without a pool the default one is taken.

    ``dispositions`` of null are the usual ones, and so are ``live_phrases``: wishes not to be called again. The caps
    count every dial to the contact, whichever lead or campaign of the organisation made it. Recordings are deleted
    ``recording_days`` after their calls, else kept; ``recordings_for`` names the roles that may hear them besides
    admins, null means everybody in the organisation. The agent is given ``transfer_number`` in calls made within
    ``transfer_hours`` (on the clock of those who answer there; null for always), and of earlier calls with the same
    number as much as ``memory_tokens`` hold, 0 for nothing. Nobody is called any more once
    ``budget`` is spent (main unit); null: without a limit.
    """

    name: Text
    number_pool_id: UUID | None = None
    agent_id: OptionalText = None
    agent_version: AgentVersion = None
    windows: Windows = Field(default_factory=lambda: list(EVERY_DAY))
    calling_rules: CallingRules = CallingRules.STRICT
    purpose: Purpose = Purpose.TELEMARKETING
    max_attempts: MaxAttempts = MAX_ATTEMPTS
    max_attempts_per_day: AttemptCap | None = None
    max_attempts_per_24_hours: AttemptCap | None = None
    min_seconds_between_attempts: DistanceSeconds | None = None
    retry_delays: RetryDelays = Field(default_factory=lambda: dict(RETRY_DELAYS_SECONDS))
    vary_part_of_day: bool = False
    skip_if_reached_within_days: RestDays | None = None
    dispositions: Dispositions = None
    live_phrases: LivePhrases = None
    ring_seconds: RingSeconds = 30
    max_call_seconds: MaxCallSeconds | None = None
    max_live_calls: MaxLiveCalls | None = None
    max_calls_per_second: CallsPerSecond | None = None
    voicemail: VoicemailAction = VoicemailAction.HANG_UP
    duplicate_numbers: DuplicateNumbers = DuplicateNumbers.REUSE
    transfer_number: Annotated[PhoneNumber | None, Field(examples=["+12125550188"])] = None
    transfer_hours: TransferHours = None
    memory_tokens: MemoryTokens = MEMORY_TOKENS
    require_consent: bool = False
    budget: Money | None = None
    recording_days: RecordingDays | None = None
    recordings_for: RecordingRoles | None = None

    def columns(self, *, number_pool_id: UUID, max_call_seconds: int) -> dict[str, Any]:
        """The campaign's columns, with what the body may leave open filled in."""
        return self.model_dump() | {
            "number_pool_id": self.number_pool_id or number_pool_id,
            "max_call_seconds": self.max_call_seconds or max_call_seconds,
        }


CONFIRMATIONS = {"disclosure_confirmed", "opt_out_confirmed"}


class CampaignChange(Input):
    """What is named is changed. The result is read as a whole campaign again, so null is refused where it is there.

    Another agent without an ``agent_version`` leaves the one before it out, and what was confirmed of its words too.
    ``disclosure_confirmed``: the agent says at once that it is an AI and on whose behalf it calls;
    ``opt_out_confirmed``: it says how to be called no more, and heeds it.
    """

    model_config = ConfigDict(extra="allow", json_schema_extra=fields_of(CampaignInput))

    disclosure_confirmed: bool | None = None
    opt_out_confirmed: bool | None = None

    def on(self, campaign: CampaignRow) -> CampaignInput:
        """The campaign as it would be.

        Raises:
            pydantic.ValidationError: it would be none.
        """
        now = {name: getattr(campaign, name) for name in CampaignInput.model_fields}
        now["budget"] = campaign.budget or None  # one of 0, which was taken once, was none
        changed = self.model_dump(exclude=CONFIRMATIONS)
        if changed.get("agent_id", campaign.agent_id) != campaign.agent_id:
            now["agent_version"] = None if campaign.launched_at is None else "latest_published"
        return CampaignInput.model_validate(now | changed)

    @property
    def confirmations(self) -> dict[str, bool]:
        """What was confirmed, or taken back, by the beginning of its columns' names."""
        given = {name: getattr(self, name) for name in CONFIRMATIONS}
        return {name: value for name, value in given.items() if value is not None}


class CampaignAnswer(BaseModel):
    """``pilot_begun``: how many leads of its pilot were begun, where one campaign is asked for that has a pilot."""

    id: UUID
    name: str
    status: CampaignStatusWord
    is_default: bool
    number_pool_id: UUID
    agent_id: str | None
    agent_version: str | None
    windows: list[dict[str, Any]]
    calling_rules: CallingRulesWord
    purpose: PurposeWord
    max_attempts: int
    max_attempts_per_day: int | None
    max_attempts_per_24_hours: int | None
    min_seconds_between_attempts: int | None
    retry_delays: dict[str, Any]
    vary_part_of_day: bool
    skip_if_reached_within_days: int | None
    dispositions: list[dict[str, Any]] | None
    live_phrases: list[dict[str, Any]] | None
    ring_seconds: int
    max_call_seconds: int
    max_live_calls: int | None
    max_calls_per_second: float | None
    voicemail: VoicemailActionWord
    duplicate_numbers: DuplicateNumbersWord
    transfer_number: str | None
    transfer_hours: dict[str, Any] | None
    memory_tokens: int
    require_consent: bool
    budget: float | None
    recording_days: int | None
    recordings_for: list[RoleWord] | None
    pilot_leads: int | None
    pilot_begun: int | None = None
    disclosure_confirmed_at: datetime | None
    opt_out_confirmed_at: datetime | None
    parked_reason: str | None
    launched_at: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, campaign: CampaignRow, *, pilot_begun: int | None = None) -> Self:
        names = CampaignAnswer.model_fields.keys() - {"pilot_begun"}
        return cls(**{name: getattr(campaign, name) for name in names}, pilot_begun=pilot_begun)


class CampaignPage(BaseModel):
    items: list[CampaignAnswer]
    next_cursor: str | None
