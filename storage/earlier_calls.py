"""Calls with one contact that are over, as the next one is told of them: over all leads and campaigns."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Uuid, and_, bindparam, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.conversation_memory import LONGEST_SUMMARY, LONGEST_TRANSCRIPT, MOST_CALLS
from domain.vocabulary import AttemptOutcome, AttemptStatus, LeadOutcome
from storage.models import AttemptRow, ContactRow, LeadRow

MOST_FIELDS_CHARACTERS = 8_000
"""Custom fields that are longer altogether are none: somebody filled them for no agent to read."""

_TELLING = (
    AttemptOutcome.ANSWERED,
    AttemptOutcome.CALLBACK_REQUESTED,
    AttemptOutcome.TRANSFERRED,
    AttemptOutcome.TRANSFER_CANCELLED,
    AttemptOutcome.OPTED_OUT,
    AttemptOutcome.VOICEMAIL,
)


class EarlierCallRow(NamedTuple):
    """``summary``, ``transcript_end`` and ``custom`` are no longer than is read of them, whatever was reported."""

    first_sent_at: datetime
    ended_at: datetime | None
    outcome: str
    disposition: str | None
    callback_at: str | None
    appointment_at: datetime | None
    appointment_written: str | None
    summary: str | None
    custom: dict[str, Any] | None
    transcript_end: str | None


async def earlier_calls(session: AsyncSession, contact_id: UUID) -> Sequence[EarlierCallRow]:
    """The last five calls in which somebody or something spoke, newest first.

    None of a contact that may not be called, nor those of a lead whose person was erased.
    """
    return [EarlierCallRow(*row) for row in await session.execute(EARLIER_CALLS, {"contact_id": contact_id})]


_SUMMARY = func.left(AttemptRow.analysis["summary"].astext, LONGEST_SUMMARY)
_CUSTOM = AttemptRow.analysis["custom"]
_WAS_SPOKEN = and_(AttemptRow.outcome == AttemptOutcome.FAILED, AttemptRow.transcript != "")

# Made once, as all that decisions need; what the index finds is read backwards until there is enough.
EARLIER_CALLS = (
    select(
        AttemptRow.first_sent_at,
        AttemptRow.ended_at,
        AttemptRow.outcome,
        AttemptRow.disposition,
        AttemptRow.callback_at,
        AttemptRow.appointment_at,
        AttemptRow.appointment_written,
        _SUMMARY,
        case((func.length(_CUSTOM.astext) <= MOST_FIELDS_CHARACTERS, _CUSTOM)),
        case((func.coalesce(_SUMMARY, "") == "", func.right(AttemptRow.transcript, LONGEST_TRANSCRIPT))),
    )
    .join(LeadRow, LeadRow.id == AttemptRow.lead_id)
    .join(ContactRow, ContactRow.id == AttemptRow.contact_id)
    .where(
        AttemptRow.contact_id == bindparam("contact_id", type_=Uuid()),
        AttemptRow.first_sent_at.is_not(None),
        AttemptRow.status == AttemptStatus.DONE,
        or_(AttemptRow.outcome.in_(_TELLING), _WAS_SPOKEN),
        ContactRow.do_not_call_at.is_(None),
        LeadRow.outcome.is_distinct_from(LeadOutcome.ERASED),
    )
    .order_by(AttemptRow.first_sent_at.desc())
    .limit(MOST_CALLS)
)
