"""What listeners are told, as the ``data`` of server-sent events."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field, RootModel

from api.schemas.call_flags import Flag
from api.schemas.words import AttemptOutcomeWord, AttemptStatusWord, UtteranceRoleWord


class LiveAttempt(BaseModel):
    """How the call stands. What is missing here is in ``GET /calls/{call_id}``. ``phone_number``: who is called."""

    id: UUID
    number: int
    status: AttemptStatusWord
    outcome: AttemptOutcomeWord | None
    disposition: str | None
    disconnection_reason: str | None
    from_number: str
    phone_number: str
    started_at: datetime | None
    ended_at: datetime | None
    duration_seconds: float | None
    flags: list[Flag]


class LiveInbound(BaseModel):
    """How a call that came in stands. ``phone_number``: the caller's; ``to_number``: the one that was rung."""

    id: UUID
    status: AttemptStatusWord
    outcome: AttemptOutcomeWord | None
    disposition: str | None
    disconnection_reason: str | None
    phone_number: str | None
    to_number: str | None
    started_at: datetime | None
    ended_at: datetime | None
    duration_seconds: float | None
    flags: list[Flag]


class Utterance(BaseModel):
    """``role``: ``user`` is the person; ``agent``; ``transfer_target``. ``content`` is text and never markup."""

    role: UtteranceRoleWord
    content: str


class OfACall(BaseModel):
    """``call_id`` is null until the provider has taken the call.

    ``attempt`` is there where ``direction`` is ``outbound``, else ``inbound`` in its place; ``lead_id`` and
    ``campaign_id`` are null where nobody knows who rang.
    """

    direction: Literal["outbound", "inbound"]
    call_id: str | None
    lead_id: UUID | None
    campaign_id: UUID | None
    attempt: LiveAttempt | None
    inbound: LiveInbound | None


class Spoken(OfACall):
    """Put ``utterances`` in the place of all that you have from number ``utterances_from`` (of 0, 1, …) on.

    ``is_cut``: they are too long for an event, and only the last of them are here; read the call for the others.
    """

    utterances_from: int = 0
    utterances: list[Utterance]
    is_cut: bool = False


class Begin(BaseModel):
    """The first event. ``resumed``: all that you missed follows; else forget what you have, the live calls follow."""

    type: Literal["begin"] = "begin"
    resumed: bool


class CallTold(OfACall):
    """The call has changed."""

    type: Literal["call"] = "call"
    snapshot: Literal[False] = False


class CallShown(Spoken):
    """A call as it stands, with all that was said: one of those that are live when you begin, or that you missed."""

    type: Literal["call"] = "call"
    snapshot: Literal[True] = True


class TranscriptTold(Spoken):
    """More was said, or the last words were understood otherwise."""

    type: Literal["transcript"] = "transcript"


class FlagTold(OfACall):
    """A phrase was said that the campaign listens for. After a resumption it may be told again."""

    type: Literal["flag"] = "flag"
    flag: Flag


class LiveEvent(RootModel[Begin | CallTold | CallShown | TranscriptTold | FlagTold]):
    """``type`` tells which it is: ``begin``, ``call``, ``transcript`` or ``flag``. Others may be added; skip those."""

    root: Begin | CallTold | CallShown | TranscriptTold | FlagTold = Field(union_mode="left_to_right")
