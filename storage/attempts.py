"""Attempts: granted once, sent at most once, settled for good. States move forward only."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import DateTime, Text, Uuid, any_, bindparam, exists, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from domain.live_phrases import forbids_calls
from domain.vocabulary import AttemptOutcome, AttemptStatus
from storage.compare_and_set import Read, version_of
from storage.looks import Look, Looking
from storage.models import AttemptRow, CampaignRow, InboundCallRow, LeadRow
from storage.rows_read import RowsOf, write_pending

PERSONAL = frozenset(
    {
        "transcript",
        "utterances",
        "transcript_reach",
        "recording_url",
        "analysis",
        "transfer_destination",
        "transfers",
        "flags",
        "callback_at",
        "callback_problem",
        "appointment_at",
        "appointment_written",
        "appointment_problem",
    }
)
"""What is known of a call and may tell of the person: emptied when they are erased, and never written again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAttempt:
    """What a grant fixes; ``request_body`` is frozen here and sent as it stands, also when it is repeated."""

    id: UUID
    number: int
    number_pool_id: UUID
    account_id: UUID
    from_number: str
    not_before: datetime
    not_after: datetime
    request_body: dict[str, Any]
    is_probe: bool = False


def attempt_id(lead_id: UUID, number: int) -> UUID:
    """The one id that the lead's attempt of this number can have, whoever works it out and however often."""
    return uuid5(lead_id, str(number))


async def get_attempt(session: AsyncSession, attempt_id: UUID) -> AttemptRow | None:
    return await _attempt(session, _ATTEMPT, attempt_id)


async def lock_attempt(session: AsyncSession, attempt_id: UUID) -> AttemptRow | None:
    """Read and lock an attempt, the last row in the order of locks."""
    return await _attempt(session, _LOCKED_ATTEMPT, attempt_id)


async def _attempt(session: AsyncSession, look: Look, attempt_id: UUID) -> AttemptRow | None:
    await write_pending(session)
    row = await look.first(session, attempt_id=attempt_id)
    return None if row is None else _WHOLE.known_to(session, row)


@dataclass(frozen=True, slots=True)
class ReportedAttempt:
    """A locked attempt, and of its campaign what decides how a report is read."""

    attempt: AttemptRow
    campaign: CampaignRow


_ATTEMPTS = RowsOf(AttemptRow, but={"transcript", "utterances", "request_body", "latency"})
_TERMS = RowsOf(CampaignRow, only={"id", "dispositions", "live_phrases"})
_REPORTED = (
    select(*_ATTEMPTS.columns, *_TERMS.columns)
    .join(CampaignRow, CampaignRow.id == AttemptRow.campaign_id)
    .where(
        or_(
            AttemptRow.id == any_(bindparam("attempt_ids", type_=ARRAY(Uuid))),
            AttemptRow.call_id == any_(bindparam("call_ids", type_=ARRAY(Text))),
        ),
        AttemptRow.status != AttemptStatus.DONE,
    )
)
_LEADS = RowsOf(LeadRow)
_LOCK_FREE = Look(_REPORTED.with_for_update(key_share=True, of=AttemptRow, skip_locked=True))
_WITH_VERSION = Look(_REPORTED.add_columns(version_of(AttemptRow)))
_WITH_LEAD = Look(
    _REPORTED.join(LeadRow, LeadRow.id == AttemptRow.lead_id).add_columns(
        version_of(AttemptRow), version_of(LeadRow), *_LEADS.columns
    )
)


async def lock_free(
    via: Looking, attempt_ids: Collection[UUID], call_ids: Collection[str]
) -> Sequence[ReportedAttempt]:
    """Lock those of these open attempts that nobody else has locked, without waiting for the others.

    Since nobody is waited for, the order of locks needn't be kept. Of an attempt what may be long isn't read, but may
    be written; of a campaign only the tables that a report is read by. No session knows these rows.
    """
    rows = await _LOCK_FREE.rows(via, attempt_ids=list(attempt_ids), call_ids=list(call_ids))
    return [_reported(row) for row in rows]


@dataclass(frozen=True, slots=True)
class ReadAttempt:
    """An attempt that nobody has locked. ``version``: of its row. ``lead``: its lead, where it was asked for."""

    reported: ReportedAttempt
    version: int
    lead: Read[LeadRow] | None = None


async def read_open(
    via: Looking, attempt_ids: Collection[UUID], call_ids: Collection[str], *, with_leads: bool
) -> Sequence[ReadAttempt]:
    """These open attempts as they are, locked by nobody, with their leads or without."""
    given = {"attempt_ids": list(attempt_ids), "call_ids": list(call_ids)}
    if not with_leads:
        return [ReadAttempt(_reported(row[:-1]), row[-1]) for row in await _WITH_VERSION.rows(via, **given)]
    return [_with_lead(row) for row in await _WITH_LEAD.rows(via, **given)]


def _with_lead(row: Sequence[Any]) -> ReadAttempt:
    split = len(_ATTEMPTS.columns) + len(_TERMS.columns)
    of_attempt, of_lead, *lead = row[split:]
    return ReadAttempt(_reported(row[:split]), of_attempt, Read(_LEADS.made_of(lead), of_lead))


def _reported(row: Sequence[Any]) -> ReportedAttempt:
    split = len(_ATTEMPTS.columns)
    return ReportedAttempt(_ATTEMPTS.made_of(row[:split]), _TERMS.made_of(row[split:]))


async def attempt_of_call(session: AsyncSession, call_id: str) -> AttemptRow | None:
    return await session.scalar(select(AttemptRow).where(AttemptRow.call_id == call_id))


async def has_open_attempt(session: AsyncSession, lead_id: UUID) -> bool:
    """Whether a call of the lead is granted, under way or not settled. No other begins while the lead is locked."""
    is_open = exists().where(AttemptRow.lead_id == lead_id, AttemptRow.status != AttemptStatus.DONE)
    return bool(await session.scalar(select(is_open)))


async def mark_dialling(session: AsyncSession, attempt_id: UUID, *, now: datetime, look_up_at: datetime) -> bool:
    """The compare-and-set before the first request; False when the attempt was no longer merely granted."""
    return await _MARK_DIALLING.first(session, attempt_id=attempt_id, now=now, look_up_at=look_up_at) is not None


def close_unrung(attempt: AttemptRow, *, now: datetime, reason: str | None = None) -> None:
    """Settle an attempt that certainly rang nowhere: it doesn't count, and its slot is free."""
    settle(attempt, outcome=AttemptOutcome.REFUSED, counts=False, now=now)
    attempt.disconnection_reason = attempt.disconnection_reason or reason


def settle(attempt: AttemptRow, *, outcome: AttemptOutcome, counts: bool, now: datetime) -> None:
    """Final: the outcome stands, the slot is free and the frozen request, with its personal data, is dropped.

    Whoever was heard to ask not to be called again has opted out, whatever else is told of the call.
    """
    if forbids_calls(attempt.flags):
        outcome, counts = AttemptOutcome.OPTED_OUT, True
    attempt.status = AttemptStatus.DONE
    attempt.outcome = outcome
    attempt.counts = counts
    attempt.settled_at = now
    attempt.slot_released_at = attempt.slot_released_at or now
    attempt.request_body = None
    attempt.look_up_at = None


def write(call: AttemptRow | InboundCallRow, changes: Mapping[str, Any]) -> None:
    """Set the named columns; of a person who was erased none that may tell of them."""
    for column, value in changes.items():
        if call.erased_at is None or column not in PERSONAL:
            setattr(call, column, value)


def fill(call: AttemptRow | InboundCallRow, missing: Mapping[str, Any]) -> None:
    """Set those of the named columns that are still empty."""
    write(call, {column: value for column, value in missing.items() if getattr(call, column) is None})


# Made once, since every call needs them and putting them together costs more than what they do.
_ID = bindparam("attempt_id", type_=Uuid())
_NOW = bindparam("now", type_=DateTime(timezone=True))

_WHOLE = RowsOf(AttemptRow)
_ATTEMPT = Look(select(*_WHOLE.columns).where(AttemptRow.id == _ID))
_LOCKED_ATTEMPT = Look(select(*_WHOLE.columns).where(AttemptRow.id == _ID).with_for_update(key_share=True))

# Of the table itself, since that costs less; a row that somebody has in hand isn't told.
_MARK_DIALLING = Look(
    update(AttemptRow.metadata.tables[AttemptRow.__tablename__])
    .where(AttemptRow.id == _ID, AttemptRow.status == AttemptStatus.GRANTED)
    .values(
        status=AttemptStatus.DIALLING,
        first_sent_at=_NOW,
        last_sent_at=_NOW,
        look_up_at=bindparam("look_up_at", type_=DateTime(timezone=True)),
    )
    .returning(AttemptRow.id)
)
