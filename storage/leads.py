"""Leads: reading, handing over to the engine, cancelling."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.vocabulary import LeadOutcome, LeadStatus
from storage.models import AttemptRow, ContactRow, LeadRow
from storage.pages import Cursor, Page, fetch_page


@dataclass(frozen=True, slots=True)
class LeadRecord:
    """A lead as people read it."""

    lead: LeadRow
    phone_number: str
    attempts: Sequence[AttemptRow] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadFilter:
    """Which leads a list shows; ``q`` is looked for in names, numbers and external ids."""

    status: str | None = None
    outcome: str | None = None
    disposition: str | None = None
    campaign_id: UUID | None = None
    source: str | None = None
    q: str | None = None


async def get_lead(session: AsyncSession, organization_id: UUID, lead_id: UUID) -> LeadRecord | None:
    """The lead with its attempts by number."""
    query = _with_number().where(LeadRow.id == lead_id, LeadRow.organization_id == organization_id)
    row = (await session.execute(query)).first()
    if row is None:
        return None
    attempts = await session.scalars(
        select(AttemptRow).where(AttemptRow.lead_id == lead_id).order_by(AttemptRow.number)
    )
    return LeadRecord(row[0], row[1], attempts.all())


async def list_leads(
    session: AsyncSession, organization_id: UUID, wanted: LeadFilter, *, limit: int, after: Cursor | None
) -> Page[LeadRecord]:
    """One page of leads, newest first, without their attempts."""
    statement = _with_number().where(LeadRow.organization_id == organization_id)
    for name in ("status", "outcome", "disposition", "campaign_id", "source"):
        value = getattr(wanted, name)
        if value is not None:
            statement = statement.where(getattr(LeadRow, name) == value)
    if wanted.q is not None:
        statement = statement.where(
            or_(
                LeadRow.name.icontains(wanted.q, autoescape=True),
                ContactRow.phone_number.contains(wanted.q, autoescape=True),
                LeadRow.external_id == wanted.q,
            )
        )
    page = await fetch_page(session, statement, (LeadRow.created_at, LeadRow.id), limit=limit, after=after)
    return Page([LeadRecord(row[0], row[1]) for row in page.items], page.next_cursor)


async def owns_lead(session: AsyncSession, organization_id: UUID, lead_id: UUID) -> bool:
    query = select(LeadRow.id).where(LeadRow.id == lead_id, LeadRow.organization_id == organization_id)
    return await session.scalar(query) is not None


async def open_runs_of_contact(session: AsyncSession, contact_id: UUID) -> Sequence[tuple[UUID, int]]:
    """The lead and the run of each workflow that still goes on for this contact."""
    query = select(LeadRow.id, LeadRow.run).where(
        LeadRow.contact_id == contact_id, LeadRow.status != LeadStatus.DONE, LeadRow.handed_over_at.is_not(None)
    )
    return [(row[0], row[1]) for row in await session.execute(query)]


async def mark_handed_over(session: AsyncSession, runs: Sequence[tuple[UUID, int]], now: datetime) -> None:
    """Note that the engine has taken these runs. Safe to repeat; a run that came later is not touched."""
    statement = update(LeadRow).where(tuple_(LeadRow.id, LeadRow.run).in_(runs), LeadRow.handed_over_at.is_(None))
    await session.execute(statement.values(handed_over_at=now), execution_options={"synchronize_session": False})


def cancel_lead(lead: LeadRow, *, now: datetime, hang_up: bool, call_is_open: bool) -> None:
    """Stop calling this lead; callers hold its contact's and its own lock. Safe to repeat.

    A lead with an open call is done when that call is; ``hang_up`` has the call ended at once.
    """
    if lead.status == LeadStatus.DONE:
        return
    lead.cancelled_at = lead.cancelled_at or now
    if call_is_open:
        lead.hang_up_at = lead.hang_up_at or (now if hang_up else None)
        return
    lead.status = LeadStatus.DONE
    lead.outcome = LeadOutcome.CANCELLED
    lead.done_at = now
    lead.due_at = None
    lead.next_attempt_at = None
    lead.waiting_for = None


def _with_number() -> Select[LeadRow, str]:
    return select(LeadRow, ContactRow.phone_number).join(ContactRow, ContactRow.id == LeadRow.contact_id)
