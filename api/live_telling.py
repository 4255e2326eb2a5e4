"""What is told of a call: how it stands, what was said since it was told last, its flags."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from api.schemas.call_flags import Flag
from api.schemas.live import CallShown, CallTold, FlagTold, LiveAttempt, LiveInbound, TranscriptTold, Utterance
from domain.ringing_back import INBOUND
from domain.vocabulary import AttemptStatus
from storage.live_calls import LiveCall

MOST_CHARACTERS = 100_000
"""Of what was said in one event: an hour of talk."""

MOST_REMEMBERED = 20_000
"""Calls of which it is known what was told. Of another the whole transcript is told once more."""


class Telling:
    """One event for any number of listeners, written once for all of them.

    A listener who has heard everything since this call was told last gets only what is new (from ``kept`` on), all
    others the whole.
    """

    def __init__(
        self, call: LiveCall, make: Callable[[int], BaseModel], *, kept: int = 0, told_before: int = 0
    ) -> None:
        self.call = call
        self._make = make
        self._kept = kept
        self._told_before = told_before
        self._written: dict[int, str] = {}

    def written(self, *, listens_since: int) -> str:
        """The event's data as JSON, for a listener who has missed nothing from this turn on."""
        start = self._kept if self._told_before >= listens_since else 0
        if start not in self._written:
            self._written[start] = self._make(start).model_dump_json()
        return self._written[start]


@dataclass(frozen=True, slots=True)
class _Told:
    """What was told of a call, in which turn; of each utterance its hash."""

    turn: int
    said: Sequence[int]
    flags: int


class Narrator:
    """Remembers what was told of each call, so that only what is new is told again."""

    def __init__(self, *, remembers: int = MOST_REMEMBERED) -> None:
        self._remembers = remembers
        self._told: dict[UUID, _Told] = {}

    def tell(self, kinds: Mapping[UUID, Collection[str]], calls: Sequence[LiveCall], turn: int) -> Sequence[Telling]:
        """The events of one turn.

        Args:
            kinds: In which ways each call changed, in the order in which they are told.
            calls: How they stand now.
            turn: A number of its own, higher than that of any turn before.
        """
        by_id = {call.id: call for call in calls}
        return [
            telling
            for call_id, changed in kinds.items()
            if call_id in by_id
            for telling in self._tell_one(by_id[call_id], changed, turn)
        ]

    def _tell_one(self, call: LiveCall, changed: Collection[str], turn: int) -> Sequence[Telling]:
        before = self._told.pop(call.id, _Told(0, (), 0))
        tellings = [Telling(call, lambda _: CallTold(**_of(call)))] if "call" in changed else []
        said, told_in = before.said, before.turn
        if "transcript" in changed and call.said is not None:
            said = [hash(utterance) for utterance in call.said]
            kept = _alike(before.said, said)
            if kept < max(len(said), len(before.said)):
                tellings.append(Telling(call, _transcript(call), kept=kept, told_before=before.turn))
                told_in = turn
        if "flag" in changed:
            tellings += [Telling(call, _flag(call, flag)) for flag in call.flags[before.flags :]]
        if call.status != AttemptStatus.DONE:
            self._remember(call.id, _Told(told_in, said, len(call.flags)))
        return tellings

    def _remember(self, call_id: UUID, told: _Told) -> None:
        self._told[call_id] = told
        if len(self._told) > self._remembers:
            del self._told[next(iter(self._told))]


def shown(call: LiveCall) -> BaseModel:
    """The call as it stands, all of it."""
    return CallShown(**_of(call), **_said(call, 0))


def flags_shown(call: LiveCall) -> Sequence[BaseModel]:
    return [FlagTold(**_of(call), flag=Flag(**flag)) for flag in call.flags]


def _transcript(call: LiveCall) -> Callable[[int], BaseModel]:
    return lambda start: TranscriptTold(**_of(call), **_said(call, start))


def _flag(call: LiveCall, flag: Mapping[str, Any]) -> Callable[[int], BaseModel]:
    return lambda _: FlagTold(**_of(call), flag=Flag(**flag))


def _of(call: LiveCall) -> dict[str, Any]:
    is_inbound = call.direction == INBOUND
    return {
        "direction": call.direction,
        "call_id": call.call_id,
        "lead_id": call.lead_id,
        "campaign_id": call.campaign_id,
        "attempt": None if is_inbound else LiveAttempt(**_standing(call, LiveAttempt)),
        "inbound": LiveInbound(**_standing(call, LiveInbound)) if is_inbound else None,
    }


def _standing(call: LiveCall, model: type[BaseModel]) -> dict[str, Any]:
    seconds = None if call.duration_ms is None else call.duration_ms / 1000
    theirs = call.from_number if call.direction == INBOUND else call.to_number
    named = {"duration_seconds": seconds, "phone_number": theirs}
    return {name: named[name] if name in named else getattr(call, name) for name in model.model_fields}


def _said(call: LiveCall, start: int) -> dict[str, Any]:
    said = call.said or ()
    first = len(said)
    room = MOST_CHARACTERS
    while first > start and len(said[first - 1][1]) <= room:
        first -= 1
        room -= len(said[first][1])
    utterances = [Utterance(role=role, content=content) for role, content in said[first:]]
    return {"utterances_from": first, "utterances": utterances, "is_cut": first > start}


def _alike(one: Sequence[int], other: Sequence[int]) -> int:
    """How many of the first are the same in both."""
    pairs = zip(one, other, strict=False)
    return next((place for place, (left, right) in enumerate(pairs) if left != right), min(len(one), len(other)))
