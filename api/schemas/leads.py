"""Leads as they come in and as they are answered."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from activities.lead_input import ConsentInput, Priority
from api.schemas.call_flags import Flag
from api.schemas.fields import (
    Input,
    Instant,
    JsonObject,
    NotNull,
    OptionalText,
    PhoneNumber,
)
from api.schemas.inbound_calls import InboundCallAnswer
from api.schemas.problems import Problem as ProblemAnswer
from api.schemas.recordings import recording_url
from api.schemas.words import (
    AppointmentProblemWord,
    AttemptOutcomeWord,
    AttemptStatusWord,
    BlockedReasonWord,
    CallbackProblemWord,
    LeadOutcomeWord,
    LeadStatusWord,
    TransferStepWord,
)
from storage.calls import ListedAttempt
from storage.lead_lists import LeadInList
from storage.leads import LeadRecord, ShownLead
from storage.models import AttemptRow

MOST_IN_A_BATCH = 1_000
CENTS = 100


class BatchInput(Input):
    """Each lead is read by itself, so that a bad one costs only itself."""

    leads: list[Any] = Field(min_length=1, max_length=MOST_IN_A_BATCH)


class LeadChange(Input):
    """What is named is changed; null clears what a lead may be without.

    ``attempt_id``: of the call whose disposition is corrected, 409 where another counts by then.
    ``disposition`` corrects that of the last call that counts, by a name of the campaign's table, as if the call had
    been named so at first: a lead that it had ended goes on where the name says so, and the other way round. Null takes
    a correction back, and what the call's analysis said holds again.
    """

    phone_number: Annotated[PhoneNumber | None, NotNull] = None
    name: OptionalText = None
    source: OptionalText = None
    time_zone: OptionalText = None
    region: OptionalText = None
    postal_code: OptionalText = None
    priority: Annotated[Priority | None, NotNull] = None
    not_before: Instant | None = None
    consent: ConsentInput | None = None
    custom_fields: Annotated[JsonObject | None, NotNull] = None
    disposition: OptionalText = None
    attempt_id: UUID | None = None


class CancelInput(Input):
    hang_up: bool = False


class TransferEvent(BaseModel):
    """A step of putting the call through to a person, first heard of ``at``.

    ``destination``: a phone number or SIP address, where the provider names it.
    """

    event: TransferStepWord
    destination: str | None
    at: datetime


class AttemptAnswer(BaseModel):
    """``cost`` is in the currency's main unit. ``recording_url``: where the recording is heard, once it is kept.

    ``callback_at``: when the callee was promised another call, as the analysis wrote it; without an offset it is read
    on the lead's wall clock. ``callback_problem``: why that can't be kept (``unreadable``, ``past`` or ``too_far``).

    ``appointment_written``: an appointment that was made, as the analysis wrote it in its field ``appointment_at``.
    ``appointment_at``: when that is, read likewise, unless ``appointment_problem`` says why nobody can be sure:
    ``unreadable``, ``no_time``, ``past`` or ``too_far`` (more than two years ahead).
    """

    id: UUID
    number: int
    call_id: str | None
    status: AttemptStatusWord
    counts: bool | None
    disconnection_reason: str | None
    outcome: AttemptOutcomeWord | None
    disposition: str | None
    callback_at: str | None
    callback_problem: CallbackProblemWord | None
    appointment_at: datetime | None
    appointment_written: str | None
    appointment_problem: AppointmentProblemWord | None
    agent_version: int | None
    from_number: str
    started_at: datetime | None
    ended_at: datetime | None
    duration_seconds: float | None
    transcript: str | None
    recording_url: str | None
    analysis: dict[str, Any] | None
    cost: float | None
    transfer_destination: str | None
    transfers: list[TransferEvent]
    flags: list[Flag]


class LeadSummary(BaseModel):
    """A lead in a list."""

    id: UUID
    status: LeadStatusWord
    outcome: LeadOutcomeWord | None
    blocked_reason: BlockedReasonWord | None
    disposition: str | None
    phone_number: str
    name: str | None
    time_zone: str
    time_zones: list[str]
    campaign_id: UUID
    source: str | None
    external_id: str | None
    priority: int
    not_before: datetime | None
    custom_fields: dict[str, Any]
    next_attempt_at: datetime | None
    waiting_for: str | None
    created_at: datetime


class LeadAnswer(LeadSummary):
    """``appointment_at``: the appointment that was made last, if one was and it is certain when.

    ``blocked_reason`` is ``refused_by_provider`` where the provider refused this lead's requests and took those of
    others: look at its number and fields, mend them and reopen it.

    ``inbound_calls``: when the person rang by themselves, the oldest first.
    """

    appointment_at: datetime | None
    region: str | None
    postal_code: str | None
    consent: dict[str, Any] | None
    attempts: list[AttemptAnswer]
    inbound_calls: list[InboundCallAnswer] = Field(default_factory=list)


class ChangedLead(LeadAnswer):
    """``notes``: what a change left undone, and how to do it, in sentences for people; mostly there is nothing."""

    notes: list[str]


class BatchItem(BaseModel):
    index: int
    status: int
    lead: LeadAnswer | None = None
    problem: ProblemAnswer | None = None


class BatchAnswer(BaseModel):
    items: list[BatchItem]


class LeadPage(BaseModel):
    items: list[LeadSummary]
    next_cursor: str | None


def attempt_answer(attempt: AttemptRow | ListedAttempt) -> AttemptAnswer:
    return AttemptAnswer(**attempt_fields(attempt))


def attempt_fields(attempt: AttemptRow | ListedAttempt) -> dict[str, Any]:
    return dict(zip(_PLAIN, _plain_of(attempt), strict=True)) | {
        "duration_seconds": None if attempt.duration_ms is None else attempt.duration_ms / 1000,
        "cost": _main_unit(attempt.cost_cents),
        "recording_url": recording_url(attempt),
        "transfers": attempt.transfers or [],
        "flags": attempt.flags or [],
    }


def lead_summary(record: LeadInList) -> LeadSummary:
    return LeadSummary(**_summary_fields(record))


def lead_answer(record: LeadRecord | ShownLead) -> LeadAnswer:
    return LeadAnswer(**_lead_fields(record))


def changed_lead(record: LeadRecord, notes: Sequence[str]) -> ChangedLead:
    return ChangedLead(**_lead_fields(record), notes=list(notes))


_COMPUTED = frozenset({"duration_seconds", "cost", "recording_url", "transfers", "flags"})
_OF_THE_RECORD = frozenset({"phone_number", "time_zone"})

# A page has fifty of each, and one look at all names costs less than a look at each.
_PLAIN = tuple(name for name in AttemptAnswer.model_fields if name not in _COMPUTED)
_plain_of = attrgetter(*_PLAIN)
_SUMMED_UP = tuple(name for name in LeadSummary.model_fields if name not in _OF_THE_RECORD)
_summed_up_of = attrgetter(*_SUMMED_UP)


def _attempts(attempts: Sequence[AttemptRow | ListedAttempt]) -> list[AttemptAnswer]:
    return [attempt_answer(attempt) for attempt in attempts]


def _last_appointment(attempts: Sequence[AttemptRow | ListedAttempt]) -> datetime | None:
    made = [attempt for attempt in attempts if attempt.appointment_written is not None]
    return made[-1].appointment_at if made else None


def _lead_fields(record: LeadRecord | ShownLead) -> dict[str, Any]:
    return _summary_fields(record) | {
        "appointment_at": _last_appointment(record.attempts),
        "region": record.lead.region,
        "postal_code": record.lead.postal_code,
        "consent": record.lead.consent,
        "attempts": _attempts(record.attempts),
        "inbound_calls": [InboundCallAnswer.of(call) for call in record.inbound_calls],
    }


def _summary_fields(record: LeadRecord | ShownLead | LeadInList) -> dict[str, Any]:
    fields = dict(zip(_SUMMED_UP, _summed_up_of(record.lead), strict=True))
    return fields | {"phone_number": record.phone_number, "time_zone": record.lead.time_zones[0]}


def _main_unit(cents: Decimal | None) -> float | None:
    return None if cents is None else float(cents / CENTS)
