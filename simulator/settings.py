"""What can be set when the simulator starts and changed while it runs."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from simulator.scenarios import DEFAULT_MIX, Scenario
from simulator.wire import JsonObject


class Refusal(StrEnum):
    """How a call too many is turned away; Retell documents both signs and doesn't say which one comes."""

    REJECT = "reject"
    """HTTP 429 at create-phone-call."""
    END_CALL = "end_call"
    """201, and the call then ends with error/concurrency_limit_reached."""


class Settings(BaseModel):
    """Durations are in seconds. ``real_time`` draws them as people would take them and ignores the first three.

    ``live_elsewhere``: live calls of the workspace that nobody has placed here, such as people who ring in. They use
    up the ``reserved_inbound_concurrency`` first.
    ``transcript_updates``: how many running transcripts a talk has, the last one at its end.
    ``recordings``: whether talks are recorded.
    ``recording_link_seconds``: a link to a recording dies so long after it was given out; without it never.
    """

    model_config = ConfigDict(extra="forbid")

    seed: int = 1
    ring_seconds: float = Field(0.3, ge=0)
    talk_seconds: float = Field(1.0, ge=0)
    analysis_seconds: float = Field(0.3, ge=0)
    real_time: bool = False
    strict: bool = False
    concurrency_limit: int = Field(20, ge=0)
    reserved_inbound_concurrency: int = Field(0, ge=0)
    live_elsewhere: int = Field(0, ge=0)
    calls_per_second: float | None = Field(None, gt=0)
    refusal: Refusal = Refusal.REJECT
    webhook_url: str | None = None
    webhook_timeout_seconds: float = Field(10.0, gt=0)
    webhook_retries: int = Field(3, ge=0)
    webhook_retry_seconds: float = Field(0.5, ge=0)
    callback_after_seconds: float = Field(7200.0, ge=0)
    transcript_updates: int = Field(4, ge=0, le=1_000)
    recordings: bool = True
    recording_link_seconds: float | None = Field(None, ge=0)
    mix: dict[Scenario, float] = Field(default_factory=lambda: dict(DEFAULT_MIX))

    def apply(self, changes: JsonObject) -> None:
        """Change some settings in place, all of them or none.

        Raises:
            pydantic.ValidationError: A name is unknown or a value impossible; nothing was changed.
        """
        changed = Settings.model_validate({**self.model_dump(), **changes})
        for name in changed.model_fields_set:
            setattr(self, name, getattr(changed, name))
