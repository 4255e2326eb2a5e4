"""The calls that go on, as far as the stream has told, and what each event says for people."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

Json = Mapping[str, Any]
NameOf = Callable[[str | None], str]
"""What the campaign with this id is called."""

SPEAKERS = {"user": "person", "transfer_target": "put through to"}
NO_NUMBER = "number withheld"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """``number``: theirs, with an arrow by who rang whom. ``last_said``: the words that were heard last, and whose."""

    id: str
    campaign: str
    number: str
    status: str
    state: str
    is_over: bool
    started_at: datetime | None
    seconds: float | None
    flags: Sequence[str]
    last_said: str

    def lasts(self, now: datetime) -> timedelta | None:
        """How long it has gone on, or went on; none where it hasn't begun."""
        if self.seconds is not None:
            return timedelta(seconds=self.seconds)
        return None if self.started_at is None else max(now - self.started_at, timedelta(0))


@dataclass(frozen=True, slots=True)
class Happening:
    """``is_speech``: somebody said something, which happens all the time."""

    call: Call
    what: str
    is_speech: bool = False


class Calls:
    """A call is forgotten with its end; whatever else the stream may tell one day is passed over."""

    def __init__(self, name_of: NameOf) -> None:
        self._name_of = name_of
        self._calls: dict[str, Call] = {}

    @property
    def going_on(self) -> Sequence[Call]:
        """In the order in which they were heard of first."""
        return list(self._calls.values())

    def hear(self, event: Json) -> Happening | None:
        """Take in what an event says; what happened by it, if anything that people would notice."""
        if event.get("type") == "begin" and not event.get("resumed"):
            self._calls.clear()
        standing = event.get("attempt") or event.get("inbound")
        if not isinstance(standing, Mapping):
            return None
        before = self._calls.get(str(standing["id"]))
        call = self._call(event, standing, before)
        self._keep(call)
        return _happening(event, call, before)

    def _call(self, event: Json, standing: Json, before: Call | None) -> Call:
        said = event.get("utterances") or ()
        return Call(
            id=str(standing["id"]),
            campaign=self._name_of(event.get("campaign_id")),
            number=f"{'←' if event.get('direction') == 'inbound' else '→'} {standing.get('phone_number') or NO_NUMBER}",
            status=str(standing.get("status")),
            state=_state(standing),
            is_over=_is_over(standing),
            started_at=_instant(standing.get("started_at")),
            seconds=standing.get("duration_seconds"),
            flags=[str(flag.get("phrase")) for flag in standing.get("flags") or ()],
            last_said=_words(said[-1]) if said else before.last_said if before else "",
        )

    def _keep(self, call: Call) -> None:
        if call.is_over:
            self._calls.pop(call.id, None)
        else:
            self._calls[call.id] = call


def _happening(event: Json, call: Call, before: Call | None) -> Happening | None:
    match event.get("type"):
        case "transcript":
            said = " / ".join(_words(one) for one in event.get("utterances") or ())
            return Happening(call, said, is_speech=True) if said else None
        case "flag":
            return Happening(call, _flagged(event["flag"]))
        case "call" if before is None or before.state != call.state:
            return Happening(call, call.state)
        case _:
            return None


def _is_over(standing: Json) -> bool:
    return standing.get("status") == "done" or standing.get("ended_at") is not None


def _state(standing: Json) -> str:
    """In the words of the API, where a call is over with how."""
    status = str(standing.get("status")).replace("_", " ")
    if not _is_over(standing):
        return status
    if status == "done":
        ends = [standing.get("outcome"), standing.get("disposition")]
    else:
        status, ends = "ended", [standing.get("disconnection_reason")]
    how = ", ".join(str(end).replace("_", " ") for end in ends if end)
    return f"{status}: {how}" if how else status


def _words(utterance: Json) -> str:
    role = str(utterance.get("role"))
    return f"{SPEAKERS.get(role, role)}: {utterance.get('content')}"


def _flagged(flag: Json) -> str:
    follows = ", never to be called again" if flag.get("then") == "do_not_call" else ""
    return f"{flag.get('said_by')} said “{flag.get('phrase')}”{follows}"


def _instant(written: object) -> datetime | None:
    return datetime.fromisoformat(written) if isinstance(written, str) else None
