"""Calls with one contact that are over, whoever rang whom, as the next one is told of them: over all campaigns."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    DateTime,
    Select,
    SQLColumnExpression,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from domain.conversation_memory import LONGEST_SUMMARY, LONGEST_TRANSCRIPT, MOST_CALLS
from domain.vocabulary import AttemptOutcome, AttemptStatus, LeadOutcome
from storage.looks import Look
from storage.models import AttemptRow, ContactRow, InboundCallRow, LeadRow

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
    """``summary``, ``transcript_end`` and ``custom`` are no longer than is read of them, whatever was reported.

    ``came_in``: the person rang.
    """

    began_at: datetime
    came_in: bool
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
    return [EarlierCallRow(*row) for row in await _EARLIER_CALLS.rows(session, contact_id=contact_id)]


CallTable = type[AttemptRow] | type[InboundCallRow]

_CONTACT_ID = bindparam("contact_id", type_=Uuid())


def _told(table: CallTable, began_at: SQLColumnExpression[Any], *appointment: SQLColumnExpression[Any]) -> Select[Any]:
    """Of one kind as many as are told at most: what the index finds is read backwards until there is enough."""
    summary = func.left(table.analysis["summary"].astext, LONGEST_SUMMARY)
    custom = table.analysis["custom"]
    was_spoken = and_(table.outcome == AttemptOutcome.FAILED, table.transcript != "")
    return (
        select(
            began_at.label("began_at"),
            literal_column("true" if table is InboundCallRow else "false").label("came_in"),
            table.ended_at,
            table.outcome,
            table.disposition,
            table.callback_at,
            *appointment,
            summary.label("summary"),
            case((func.length(custom.astext) <= MOST_FIELDS_CHARACTERS, custom)).label("custom"),
            case((func.coalesce(summary, "") == "", func.right(table.transcript, LONGEST_TRANSCRIPT))).label("end"),
        )
        .join(ContactRow, ContactRow.id == table.contact_id)
        .where(
            table.contact_id == _CONTACT_ID,
            table.status == AttemptStatus.DONE,
            or_(table.outcome.in_(_TELLING), was_spoken),
            table.erased_at.is_(None),
            ContactRow.do_not_call_at.is_(None),
        )
        .order_by(began_at.desc())
        .limit(MOST_CALLS)
    )


_WENT_OUT = (
    _told(AttemptRow, AttemptRow.first_sent_at, AttemptRow.appointment_at, AttemptRow.appointment_written)
    .join(LeadRow, LeadRow.id == AttemptRow.lead_id)
    .where(AttemptRow.first_sent_at.is_not(None), LeadRow.outcome.is_distinct_from(LeadOutcome.ERASED))
)
_CAME_IN = _told(
    InboundCallRow,
    InboundCallRow.created_at,
    cast(null(), DateTime(timezone=True)).label("appointment_at"),
    cast(null(), Text).label("appointment_written"),
)
_EITHER = union_all(*(select(one.subquery()) for one in (_WENT_OUT, _CAME_IN))).subquery("either")

# Made once, as all that decisions need.
EARLIER_CALLS = select(_EITHER).order_by(_EITHER.c.began_at.desc()).limit(MOST_CALLS)
_EARLIER_CALLS = Look(EARLIER_CALLS)
