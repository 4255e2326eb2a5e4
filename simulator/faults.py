"""What is broken on purpose, and for how long."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from simulator.dice import dice
from simulator.settings import Settings
from simulator.stats import Stats
from simulator.wire import ApiError, JsonObject

WEBHOOK = "webhook"
ANY = "any"
RECORDINGS = "recordings"


class Effect(StrEnum):
    ERROR = "error"
    SILENCE = "silence"
    DROP = "drop"
    SLOW = "slow"
    LOST = "lost"
    LATE = "late"
    DOUBLED = "doubled"
    REORDERED = "reordered"
    FORGED = "forged"
    HUGE = "huge"
    REDIRECT = "redirect"


class Moment(StrEnum):
    BEFORE = "before"
    """The request isn't looked at."""
    AFTER = "after"
    """The request did what it asked for; only its answer suffers."""


_OF_WEBHOOKS = frozenset({Effect.LOST, Effect.LATE, Effect.DOUBLED, Effect.REORDERED, Effect.FORGED})
_OF_RECORDINGS = frozenset({Effect.HUGE, Effect.REDIRECT})


class FaultOrder(BaseModel):
    """One fault. ``operation`` is the verb in Retell's path (``create-phone-call``), ``any``, ``webhook`` or
    ``recordings``, which is fetching one of them.
    """

    model_config = ConfigDict(extra="forbid")

    operation: str
    effect: Effect
    moment: Moment = Moment.BEFORE
    probability: float = Field(1.0, ge=0, le=1)
    next: int | None = Field(None, ge=1)
    status: int = Field(500, ge=400, le=599)
    message: str | None = None
    retry_after: float | None = Field(None, ge=0)
    seconds: float = Field(1.0, ge=0)
    copies: int = Field(2, ge=1)
    at_once: int = Field(16, ge=1)
    order: list[str] | None = None
    events: list[str] | None = None
    size_bytes: int = Field(200_000_000, ge=0)
    location: str = "http://127.0.0.1/"
    to_number: str | None = None

    @model_validator(mode="after")
    def _effect_fits(self) -> Self:
        if (self.effect in _OF_WEBHOOKS) != (self.operation == WEBHOOK):
            raise ValueError(
                "webhooks are lost, late, doubled, reordered or forged; requests end in error, silence, drop or slow"
            )
        if self.effect in _OF_RECORDINGS and self.operation != RECORDINGS:
            raise ValueError("only recordings are huge or redirected")
        return self


@dataclass(slots=True)
class Fault:
    fault_id: int
    order: FaultOrder
    matched: int = 0
    hits: int = 0

    @property
    def used_up(self) -> bool:
        return self.order.next is not None and self.hits >= self.order.next

    def to_json(self) -> JsonObject:
        return {
            "fault_id": self.fault_id,
            "matched": self.matched,
            "hits": self.hits,
            "used_up": self.used_up,
            **self.order.model_dump(mode="json", exclude_none=True),
        }


class FaultBook:
    def __init__(self, settings: Settings, stats: Stats) -> None:
        self._settings = settings
        self._stats = stats
        self._faults: dict[int, Fault] = {}
        self._made = 0

    def add(self, order: FaultOrder) -> Fault:
        self._made += 1
        self._faults[self._made] = Fault(self._made, order)
        return self._faults[self._made]

    def remove(self, fault_id: int) -> None:
        """Raises ApiError 404: there is no such fault."""
        if self._faults.pop(fault_id, None) is None:
            raise ApiError(404)

    def clear(self) -> None:
        self._faults.clear()
        self._made = 0

    def everything(self) -> list[Fault]:
        return list(self._faults.values())

    def concerns(self, operation: str) -> bool:
        """Whether any fault may strike this operation, so that its request is worth reading beforehand."""
        return any(f.order.operation in {operation, ANY} for f in self._faults.values() if not f.used_up)

    def request_fault(self, operation: str, to_number: str | None) -> Fault | None:
        """The fault that strikes this request, the oldest first."""
        for fault in self._faults.values():
            if fault.order.operation in {operation, ANY} and self._strikes(fault, None, to_number, None):
                return fault
        return None

    def webhook_fault(self, effect: Effect, *, event: str | None, to_number: str, subject: str) -> FaultOrder | None:
        """The fault of this kind that strikes a webhook; ``subject`` seeds the throw, so the order doesn't matter."""
        for fault in self._faults.values():
            fits = fault.order.operation == WEBHOOK and fault.order.effect is effect
            if fits and self._strikes(fault, event, to_number, subject):
                return fault.order
        return None

    def _strikes(self, fault: Fault, event: str | None, to_number: str | None, subject: str | None) -> bool:
        order = fault.order
        elsewhere = order.to_number is not None and order.to_number != to_number
        other_event = event is not None and order.events is not None and event not in order.events
        if fault.used_up or elsewhere or other_event:
            return False
        fault.matched += 1
        throw = dice(self._settings.seed, fault.fault_id, subject or fault.matched).random()
        if throw >= order.probability:
            return False
        fault.hits += 1
        self._stats.faults[f"{order.operation} {order.effect}"] += 1
        return True
