"""One accepted call. Its words, costs and analysis are not kept: they follow from the plan and are told anew."""

from dataclasses import asdict, dataclass, field
from typing import Self

from simulator.plans import Plan
from simulator.wire import JsonObject


@dataclass(slots=True)
class Call:
    """Instants are milliseconds since 1970. ``terms`` is what the agent and its override say about this call."""

    call_id: str
    accepted_ms: int
    from_number: str
    to_number: str
    agent_id: str
    agent_version: int
    agent_name: str
    terms: JsonObject
    plan: Plan
    metadata: JsonObject | None = None
    dynamic_variables: dict[str, str] | None = None
    custom_sip_headers: dict[str, str] | None = None
    idempotency_key: str | None = None
    fingerprint: str = ""
    status: str = "registered"
    start_ms: int | None = None
    end_ms: int | None = None
    analyzed_ms: int | None = None
    transfer_end_ms: int | None = None
    reason: str | None = None
    custom_attributes: JsonObject = field(default_factory=dict)
    deleted: bool = False
    direction: str = "outbound"
    replays: int = 0

    @property
    def connected(self) -> bool:
        return self.start_ms is not None

    @property
    def person(self) -> str:
        """The number of whoever talks with the agent."""
        return self.from_number if self.direction == "inbound" else self.to_number

    @property
    def duration_ms(self) -> int:
        if self.end_ms is None:
            return 0
        return self.end_ms - self.start_ms if self.start_ms is not None else 0

    @property
    def sort_ms(self) -> int:
        return self.start_ms or self.accepted_ms

    def to_json(self) -> JsonObject:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: JsonObject) -> Self:
        return cls(**{**stored, "plan": Plan.from_json(stored["plan"])})
