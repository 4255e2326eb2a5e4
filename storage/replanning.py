"""Leads that wait by times which hold no more: found by indexes, locked and written many at a time.

A lead's times hold no more when its campaign changed after they were worked out, when somebody changed the lead, or
when the window that they lie in went by and nobody called. Rows that somebody else has locked are passed over: whoever
it is decides about them.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    Select,
    Text,
    Uuid,
    and_,
    any_,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from domain.vocabulary import CampaignStatus, LeadStatus
from storage.literals import written_out
from storage.models import (
    AccountRow,
    AttemptRow,
    CampaignRow,
    ContactRow,
    DoNotCallEntryRow,
    LeadRow,
    NumberPoolRow,
    OrganizationRow,
)
from storage.situations import LONG_COLUMNS, LeadWithContext

AnyColumns = Select[*tuple[Any, ...]]


class CampaignToPlan(NamedTuple):
    campaign_id: UUID
    number_pool_id: UUID


@dataclass(frozen=True, slots=True)
class Owners:
    """What the leads of a campaign have in common; only the campaign is locked."""

    organization: OrganizationRow
    account: AccountRow
    campaign: CampaignRow
    pool: NumberPoolRow


class WaitingLead(NamedTuple):
    """``is_untouched``: no call to its number, no list and no missing consent has a say in when it may be called."""

    id: UUID
    phone_number: str
    region: str | None
    time_zones: list[str]
    not_before: datetime | None
    earliest_at: datetime | None
    due_at: datetime | None
    next_attempt_at: datetime | None
    is_untouched: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """The columns of a lead that say when it may be called."""

    lead_id: UUID
    earliest_at: datetime
    due_at: datetime
    open_until: datetime | None
    next_attempt_at: datetime | None
    waiting_for: str


async def campaigns_to_plan(
    session: AsyncSession, now: datetime, *, number_pool_id: UUID | None = None
) -> Sequence[CampaignToPlan]:
    """Running campaigns with leads whose times hold no more, by id; of one pool or of all."""
    # The first row of an index tells: a plain "exists" is planned as if a third of all leads were such.
    unplanned = _first(LeadRow.id).where(LeadRow.planned_at.is_(None), LeadRow.handed_over_at.is_not(None))
    planned = _first(LeadRow.planned_at).where(LeadRow.planned_at.is_not(None)).order_by(LeadRow.planned_at)
    open_until = _first(LeadRow.open_until).where(LeadRow.due_at.is_not(None)).order_by(LeadRow.open_until)
    query = select(CampaignRow.id, CampaignRow.number_pool_id).where(
        CampaignRow.status == CampaignStatus.RUNNING,
        or_(
            unplanned.scalar_subquery().is_not(None),
            planned.scalar_subquery() < CampaignRow.replanned_at,
            open_until.scalar_subquery() <= now,
        ),
    )
    if number_pool_id is not None:
        query = query.where(CampaignRow.number_pool_id == number_pool_id)
    return [CampaignToPlan(*row) for row in await session.execute(query.order_by(CampaignRow.id))]


def _first(column: ColumnElement[Any] | InstrumentedAttribute[Any]) -> Select[Any]:
    return select(column).where(LeadRow.campaign_id == CampaignRow.id, _IS_NEW).limit(1)


async def lock_campaign_to_plan(session: AsyncSession, campaign_id: UUID) -> Owners | None:
    """Lock a running campaign shared: what its leads are planned by isn't edited until the caller commits."""
    query = (
        select(OrganizationRow, AccountRow, CampaignRow, NumberPoolRow)
        .join(CampaignRow, CampaignRow.organization_id == OrganizationRow.id)
        .join(NumberPoolRow, NumberPoolRow.id == CampaignRow.number_pool_id)
        .join(AccountRow, AccountRow.id == NumberPoolRow.account_id)
        .where(CampaignRow.id == campaign_id, CampaignRow.status == CampaignStatus.RUNNING)
        .with_for_update(read=True, of=CampaignRow)
        .execution_options(populate_existing=True)
    )
    row = (await session.execute(query)).first()
    return None if row is None else Owners(*row)


async def lock_waiting_leads(
    session: AsyncSession, campaign: CampaignRow, now: datetime, *, calls_since: datetime, limit: int
) -> Sequence[WaitingLead]:
    """Leads of this locked campaign whose times hold no more: called ahead first, then nearest due.

    Args:
        calls_since: A call to somebody's number before that has no say any more, unless it was the lead's own.
    """
    order = (LeadRow.called_ahead_at.is_(None), LeadRow.due_at.asc().nulls_last())
    # The numbers are looked up for those few only.
    leads = _locked(select(LeadRow), campaign, now).order_by(*order).limit(limit).subquery("leads")
    query = select(
        leads.c.id,
        ContactRow.phone_number,
        leads.c.region,
        leads.c.time_zones,
        leads.c.not_before,
        leads.c.earliest_at,
        leads.c.due_at,
        leads.c.next_attempt_at,
        leads.c.contact_id,
        or_(
            ContactRow.do_not_call_at.is_not(None),
            leads.c.cancelled_at.is_not(None),
            and_(literal(campaign.require_consent), leads.c.consent.is_(None)),
        ).label("says_no"),
    ).join(ContactRow, ContactRow.id == leads.c.contact_id)
    rows = (await session.execute(query)).all()
    called = await _called(session, [row.id for row in rows], [row.contact_id for row in rows], calls_since)
    listed = await _listed(session, campaign.organization_id, [row.phone_number for row in rows])
    return [
        WaitingLead._make((*row[:-2], not (row.says_no or {row.id, row.contact_id} & called or row[1] in listed)))
        for row in rows
    ]


async def _called(
    session: AsyncSession, lead_ids: Sequence[UUID], contact_ids: Sequence[UUID], calls_since: datetime
) -> Set[UUID]:
    """Which of these leads were ever called, and which of these contacts since then or are on a call now.

    Asked by arrays: whatever the planner believes of a table that grew since, it reads it once at the worst.
    """
    is_lately = or_(
        AttemptRow.slot_released_at.is_(None),
        AttemptRow.first_sent_at >= calls_since,
        AttemptRow.settled_at >= calls_since,
    )
    of_leads = select(AttemptRow.lead_id).where(AttemptRow.lead_id == any_(_ids(lead_ids)))
    of_contacts = select(AttemptRow.contact_id).where(AttemptRow.contact_id == any_(_ids(contact_ids)), is_lately)
    return {*await session.scalars(of_leads), *await session.scalars(of_contacts)}


async def _listed(session: AsyncSession, organization_id: UUID, phone_numbers: Sequence[str]) -> Set[str]:
    query = select(DoNotCallEntryRow.phone_number).where(
        DoNotCallEntryRow.organization_id == organization_id,
        DoNotCallEntryRow.phone_number == any_(literal(phone_numbers, ARRAY(Text))),
    )
    return {*await session.scalars(query)}


async def lock_leads_with_calls(
    session: AsyncSession, owners: Owners, lead_ids: Sequence[UUID], now: datetime
) -> Sequence[LeadWithContext]:
    """Those of the leads whose times still hold no more, with all that decides about them but their contacts' facts."""
    query = _locked(select(LeadRow), owners.campaign, now).where(LeadRow.id == any_(_ids(lead_ids)))
    leads = (await session.scalars(query.execution_options(populate_existing=True))).all()
    of_leads = select(ContactRow).where(ContactRow.id == any_(_ids([lead.contact_id for lead in leads])))
    contacts = {contact.id: contact for contact in await session.scalars(of_leads)}
    attempts = await _attempts(session, [lead.id for lead in leads])
    contexts = [
        LeadWithContext(
            owners.organization,
            owners.account,
            owners.campaign,
            owners.pool,
            pool_is_locked=False,
            contact=contacts[lead.contact_id],
            lead=lead,
            attempts=attempts[lead.id],
        )
        for lead in leads
    ]
    return [context for context in contexts if context.open_attempt is None]


async def _attempts(session: AsyncSession, lead_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[AttemptRow]]:
    query = select(AttemptRow).where(AttemptRow.lead_id == any_(_ids(lead_ids))).options(*LONG_COLUMNS)
    attempts: defaultdict[UUID, list[AttemptRow]] = defaultdict(list)
    for attempt in await session.scalars(query.order_by(AttemptRow.number)):
        attempts[attempt.lead_id].append(attempt)
    return attempts


async def write_plans(session: AsyncSession, plans: Sequence[Plan], *, planned_at: datetime) -> None:
    """Write the times of leads whose locks the caller holds, in one statement."""
    columns = {
        "id": _ids([plan.lead_id for plan in plans]),
        "earliest_at": _instants([plan.earliest_at for plan in plans]),
        "due_at": _instants([plan.due_at for plan in plans]),
        "open_until": _instants([plan.open_until for plan in plans]),
        "next_attempt_at": _instants([plan.next_attempt_at for plan in plans]),
        "waiting_for": literal([plan.waiting_for for plan in plans], ARRAY(Text)),
    }
    new = select(*(func.unnest(values).label(name) for name, values in columns.items())).subquery("plans")
    values = {name: new.c[name] for name in columns if name != "id"}
    statement = update(LeadRow).where(LeadRow.id == new.c.id).values(**values, planned_at=planned_at)
    await session.execute(statement, execution_options={"synchronize_session": False})


async def plan_again(session: AsyncSession, lead_ids: Sequence[UUID], *still: ColumnElement[bool]) -> None:
    """Have these leads planned anew; those that somebody else has locked are being decided about anyway.

    Args:
        session: Any.
        lead_ids: As they were found.
        still: What has to hold of each when it is locked.
    """
    free = select(LeadRow.id).where(LeadRow.id.in_(lead_ids), *still).with_for_update(key_share=True, skip_locked=True)
    await session.execute(
        update(LeadRow).where(LeadRow.id.in_(free)).values(planned_at=None),
        execution_options={"synchronize_session": False},
    )


def _instants(values: Sequence[datetime | None]) -> ColumnElement[Any]:
    return literal(values, ARRAY(DateTime(timezone=True)))


def _ids(values: Sequence[UUID]) -> ColumnElement[Any]:
    return literal(values, ARRAY(Uuid))


# A literal: the planner must see that the partial indexes hold what is asked for.
_IS_NEW = LeadRow.status == written_out(LeadStatus.NEW)


def _locked(query: AnyColumns, campaign: CampaignRow, now: datetime) -> AnyColumns:
    """A query of leads: those of this campaign that have to be planned and that nobody else has locked.

    Each of the three ways in which times come to hold no more is one range of an index.
    """
    kinds = [
        and_(_IS_NEW, LeadRow.planned_at.is_(None), LeadRow.handed_over_at.is_not(None)),
        and_(_IS_NEW, LeadRow.open_until <= now, LeadRow.due_at.is_not(None)),
    ]
    if campaign.replanned_at is not None:
        kinds.append(and_(_IS_NEW, LeadRow.planned_at < campaign.replanned_at))
    query = query.where(LeadRow.campaign_id == campaign.id, or_(*kinds))
    return query.with_for_update(key_share=True, skip_locked=True)
