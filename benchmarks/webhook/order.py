"""What the generator is told to send, and what it found; both cross a pipe as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Self

from commands.demo.client import Json


@dataclass(frozen=True, slots=True)
class Target:
    """Where webhooks go."""

    host: str
    port: int
    path: str

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}{self.path}"


@dataclass(frozen=True, slots=True)
class Spoken:
    """A running transcript: so many utterances of the call, sent at an instant by ``time.time``."""

    call_id: str
    utterances: int
    sent_at: float


@dataclass(frozen=True, slots=True)
class Order:
    """``calls``: live ones by the simulator's log. ``recordings``: below this address they are heard.

    ``per_second``: an even pace, whether or not what came before is answered; None: as fast as answers come.
    ``expected``: the status of every answer.
    """

    target: Target
    key: str
    calls: Sequence[Json]
    recordings: str
    connections: int
    per_second: int | None
    expected: int = 204

    def to_json(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, written: bytes) -> Self:
        read = json.loads(written)
        return cls(**{**read, "target": Target(**read["target"])})


@dataclass(frozen=True, slots=True)
class Sent:
    """In seconds. ``latencies``: to the answer, from the instant that a webhook was meant to be sent at.

    ``lags``: how much later than meant the generator itself came to send, which is part of the latency. ``seconds``:
    from the first instant to the last answer, ``cpu_seconds`` of which the generator took. ``statuses``: how many
    answers had which. ``spoken``: the running transcripts among them.
    """

    statuses: dict[str, int]
    latencies: list[float]
    lags: list[float]
    seconds: float
    cpu_seconds: float
    body_bytes: int
    spoken: tuple[Spoken, ...] = ()

    def to_json(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, written: bytes) -> Self:
        read = json.loads(written)
        return cls(**{**read, "spoken": tuple(Spoken(**one) for one in read["spoken"])})

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds
