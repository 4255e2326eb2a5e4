"""The plan of a call: everything that chance decides about it, settled when the call is accepted."""

from dataclasses import asdict, dataclass
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from simulator.dice import dice
from simulator.scenarios import CONNECTED_REASONS, NOT_CONNECTED_REASONS, Scenario, draw_scenario
from simulator.settings import Settings
from simulator.wire import JsonObject


class Pin(BaseModel):
    """What the next call to a number shall be; durations in seconds."""

    model_config = ConfigDict(extra="forbid")

    scenario: Scenario
    ring_seconds: float | None = Field(None, ge=0)
    talk_seconds: float | None = Field(None, ge=0)
    analysis_seconds: float | None = Field(None, ge=0)
    callback_after_seconds: float | None = Field(None, ge=0)
    transfer_number: str | None = None
    disconnection_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """``key`` seeds every further throw of this call (words, costs, latency), so a story is told twice alike.

    ``talk_seconds`` is None where the story itself says how long people need for it.
    """

    key: str
    scenario: Scenario
    reason: str
    connected: bool
    ring_seconds: float
    talk_seconds: float | None
    analysis_seconds: float
    callback_after_seconds: float
    transfer_number: str | None = None

    def to_json(self) -> JsonObject:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: JsonObject) -> Self:
        return cls(**{**stored, "scenario": Scenario(stored["scenario"])})


@dataclass(frozen=True, slots=True)
class Pace:
    ring_seconds: float
    talk_seconds: float | None
    analysis_seconds: float


def plan_call(settings: Settings, to_number: str, earlier_calls: int, pin: Pin | None) -> Plan:
    """Decide a call from the seed, the number and how many calls to it went before, unless it is pinned."""
    key = f"{settings.seed}|{to_number}|{earlier_calls}"
    throw = dice(key, "plan")
    drawn = draw_scenario(throw, settings.mix, earlier_calls=earlier_calls)
    pin = pin or Pin(scenario=drawn)
    pace = _pace(settings, key, pin.scenario)
    return Plan(
        key=key,
        scenario=pin.scenario,
        reason=pin.disconnection_reason or _reason(pin.scenario, key),
        connected=pin.scenario in CONNECTED_REASONS,
        ring_seconds=_first(pin.ring_seconds, pace.ring_seconds),
        talk_seconds=pace.talk_seconds if pin.talk_seconds is None else pin.talk_seconds,
        analysis_seconds=_first(pin.analysis_seconds, pace.analysis_seconds),
        callback_after_seconds=_first(pin.callback_after_seconds, settings.callback_after_seconds),
        transfer_number=pin.transfer_number,
    )


def refused_plan(settings: Settings, to_number: str) -> Plan:
    """A call that there is no room for: taken, and over at once."""
    return Plan(
        key=f"{settings.seed}|{to_number}|refused",
        scenario=Scenario.REFUSED,
        reason="concurrency_limit_reached",
        connected=False,
        ring_seconds=0.0,
        talk_seconds=0.0,
        analysis_seconds=settings.analysis_seconds,
        callback_after_seconds=0.0,
    )


def _first(pinned: float | None, otherwise: float) -> float:
    return otherwise if pinned is None else pinned


def _reason(scenario: Scenario, key: str) -> str:
    if scenario in CONNECTED_REASONS:
        return dice(key, "reason").choice(CONNECTED_REASONS[scenario])
    return NOT_CONNECTED_REASONS.get(scenario, "concurrency_limit_reached")


def _pace(settings: Settings, key: str, scenario: Scenario) -> Pace:
    if not settings.real_time:
        return Pace(settings.ring_seconds, settings.talk_seconds, settings.analysis_seconds)
    throw = dice(key, "pace")
    # A phone that nobody answers rings until the caller gives up; the life of a call cuts it at ring_duration_ms.
    ring = 300.0 if scenario is Scenario.NO_ANSWER else throw.uniform(3, 18)
    return Pace(ring, None, throw.uniform(3, 9))
