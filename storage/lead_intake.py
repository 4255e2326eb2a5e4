"""Taking leads in: one at a time or a thousand, in the same few statements."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID, uuid4

from sqlalchemy import JSON, Table, Text, bindparam, column, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningInsert

from domain.vocabulary import DuplicateNumbers, LeadStatus
from storage.contacts import lock_contact_ids
from storage.leads import LeadRecord
from storage.models import CampaignRow, ContactRow, LeadRow


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLead:
    """A lead that is in order: its number in E.164, its zones decided, its instants in UTC."""

    campaign: CampaignRow
    phone_number: str
    time_zones: Sequence[str]
    time_zone_source: str
    external_id: str | None = None
    name: str | None = None
    source: str | None = None
    region: str | None = None
    postal_code: str | None = None
    priority: int = 3
    not_before: datetime | None = None
    consent: dict[str, Any] | None = None
    custom_fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Added:
    """``is_new`` is False where the lead was there before: by its external id, or by its number in the campaign."""

    record: LeadRecord
    is_new: bool


@dataclass(frozen=True, slots=True)
class NumberTaken:
    """The campaign refuses a number twice, and this lead already has it."""

    lead_id: UUID


class _Known:
    """The leads that are there already or are about to be, by what a new one may clash with."""

    def __init__(self) -> None:
        self._by_external_id: dict[tuple[UUID, str], LeadRow] = {}
        self._by_contact: dict[tuple[UUID, UUID], LeadRow] = {}

    def add(self, lead: LeadRow) -> None:
        """Of several leads of one contact the first one added stands."""
        if lead.external_id is not None:
            self._by_external_id[lead.campaign_id, lead.external_id] = lead
        self._by_contact.setdefault((lead.campaign_id, lead.contact_id), lead)

    def same_external_id(self, new: NewLead) -> LeadRow | None:
        return None if new.external_id is None else self._by_external_id.get((new.campaign.id, new.external_id))

    def same_number(self, new: NewLead, contact_id: UUID) -> LeadRow | None:
        if new.campaign.duplicate_numbers == DuplicateNumbers.ALLOW:
            return None
        return self._by_contact.get((new.campaign.id, contact_id))


async def add_leads(
    session: AsyncSession, organization_id: UUID, leads: Sequence[NewLead]
) -> Sequence[Added | NumberTaken]:
    """Insert leads, or find those that are there already; the answers come in the order of the leads.

    Safe to repeat, also from several transactions at once: a unique index decides over external ids and the contact's
    lock over numbers, and whoever comes second gets the row of the first.
    """
    contacts = await lock_contact_ids(session, organization_id, [lead.phone_number for lead in leads])
    known = _Known()
    for lead in await _present(session, leads, contacts.values()):
        known.add(lead)
    results: list[Added | NumberTaken] = []
    rows: dict[UUID, LeadRow] = {}
    for new in leads:
        contact_id = contacts[new.phone_number]
        same = known.same_external_id(new) or known.same_number(new, contact_id)
        if same is None:
            row = _row(organization_id, new, contact_id)
            rows[row.id] = row
            known.add(row)
            results.append(Added(LeadRecord(row, new.phone_number), is_new=True))
        elif known.same_external_id(new) is None and new.campaign.duplicate_numbers == DuplicateNumbers.REFUSE:
            results.append(NumberTaken(same.id))
        else:
            results.append(Added(LeadRecord(same, new.phone_number), is_new=False))
    lost = await _insert(session, list(rows.values()))
    return await _with_winners(session, results, lost)


def _row(organization_id: UUID, new: NewLead, contact_id: UUID) -> LeadRow:
    return LeadRow(
        id=uuid4(),
        organization_id=organization_id,
        campaign_id=new.campaign.id,
        contact_id=contact_id,
        external_id=new.external_id,
        name=new.name,
        source=new.source,
        region=new.region,
        postal_code=new.postal_code,
        time_zones=list(new.time_zones),
        time_zone_source=new.time_zone_source,
        priority=new.priority,
        not_before=new.not_before,
        consent=new.consent,
        custom_fields=new.custom_fields,
        status=LeadStatus.NEW,
        run=1,
        earlier_attempts=0,
    )


async def _present(session: AsyncSession, leads: Sequence[NewLead], contact_ids: Iterable[UUID]) -> Sequence[LeadRow]:
    """Leads of the same campaigns with one of the external ids or numbers; unfinished ones first, then newest."""
    campaigns = {lead.campaign.id for lead in leads}
    strict = {lead.campaign.id for lead in leads if lead.campaign.duplicate_numbers != DuplicateNumbers.ALLOW}
    external_ids = {lead.external_id for lead in leads if lead.external_id is not None}
    same_number = LeadRow.campaign_id.in_(strict) & LeadRow.contact_id.in_(contact_ids)
    same_external_id = LeadRow.campaign_id.in_(campaigns) & LeadRow.external_id.in_(external_ids)
    query = select(LeadRow).where(or_(same_number, same_external_id))
    query = query.order_by(LeadRow.status == LeadStatus.DONE, LeadRow.created_at.desc())
    return (await session.scalars(query)).all()


async def _insert(session: AsyncSession, rows: Sequence[LeadRow]) -> Sequence[LeadRow]:
    """Insert the rows; returns those that lost against another transaction with the same external id.

    In the order of the external ids, so that two transactions with the same ones wait for and never block each other.
    """
    if not rows:
        return []
    ordered = sorted(rows, key=lambda row: (row.external_id or "", row.id))
    written = json.dumps([_written(row) for row in ordered], ensure_ascii=False)
    inserted = {row[0]: row[1] for row in await session.execute(_INSERT, {"rows": written})}
    for row in rows:
        if row.id in inserted:
            row.created_at = inserted[row.id]
    return [row for row in rows if row.id not in inserted]


def _written(row: LeadRow) -> dict[str, Any]:
    return {column: _json_value(getattr(row, column)) for column in _COLUMNS}


def _json_value(value: object) -> object:
    if isinstance(value, UUID):
        return str(value)
    return value.isoformat() if isinstance(value, datetime) else value


_COLUMNS = (
    "id",
    "organization_id",
    "campaign_id",
    "contact_id",
    "external_id",
    "name",
    "source",
    "region",
    "postal_code",
    "time_zones",
    "time_zone_source",
    "priority",
    "not_before",
    "consent",
    "custom_fields",
    "status",
    "run",
    "earlier_attempts",
)


def _statement() -> ReturningInsert[UUID, datetime]:
    """One parameter for all rows: the statement is the same for one lead and for a thousand, and is planned once.

    PostgreSQL makes the JSON into rows several times faster than a parameter for each cell takes to be sent.
    """
    leads = cast("Table", LeadRow.__table__)
    columns = [leads.columns[name] for name in _COLUMNS]
    rows = func.json_to_recordset(bindparam("rows", type_=Text()).cast(JSON))
    given = rows.table_valued(*(column(one.name, one.type) for one in columns)).render_derived("r", with_types=True)
    new = insert(leads).from_select(list(_COLUMNS), select(*given.c), include_defaults=False)
    unless_there = new.on_conflict_do_nothing(
        index_elements=["campaign_id", "external_id"], index_where=LeadRow.external_id.is_not(None)
    )
    return unless_there.returning(leads.c.id, leads.c.created_at)


_INSERT = _statement()


async def _with_winners(
    session: AsyncSession, results: Sequence[Added | NumberTaken], lost: Sequence[LeadRow]
) -> Sequence[Added | NumberTaken]:
    """The results with the rows that lost replaced by the ones that won."""
    if not lost:
        return results
    query = select(LeadRow, ContactRow.phone_number).join(ContactRow, ContactRow.id == LeadRow.contact_id)
    query = query.where(
        tuple_(LeadRow.campaign_id, LeadRow.external_id).in_([(row.campaign_id, row.external_id) for row in lost])
    )
    won = {(row[0].campaign_id, row[0].external_id): LeadRecord(row[0], row[1]) for row in await session.execute(query)}
    losers = {row.id for row in lost}
    return [
        Added(won[result.record.lead.campaign_id, result.record.lead.external_id], is_new=False)
        if isinstance(result, Added) and result.record.lead.id in losers
        else result
        for result in results
    ]
