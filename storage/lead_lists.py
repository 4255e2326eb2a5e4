"""Leads as a list shows them: by what it is cut down, page by page."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Text, Uuid, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.looks import Look, Via, is_given
from storage.models import ContactRow, LeadRow
from storage.page_looks import KINDS, columns_of, page_by, page_look
from storage.pages import Cursor, Page
from storage.written_by import Version, version_of_page, written_by


class ListedLead(NamedTuple):
    """What a list, or a file, shows of a lead, by the names of ``LeadRow``."""

    id: UUID
    campaign_id: UUID
    status: str
    outcome: str | None
    blocked_reason: str | None
    disposition: str | None
    name: str | None
    time_zones: list[str]
    time_zone_source: str
    region: str | None
    postal_code: str | None
    source: str | None
    external_id: str | None
    priority: int
    not_before: datetime | None
    consent: dict[str, Any] | None
    custom_fields: dict[str, Any]
    next_attempt_at: datetime | None
    waiting_for: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class LeadInList:
    lead: ListedLead
    phone_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadFilter:
    """Which leads a list shows; ``q`` is looked for in names, numbers and external ids."""

    status: str | None = None
    outcome: str | None = None
    disposition: str | None = None
    campaign_id: UUID | None = None
    source: str | None = None
    q: str | None = None

    def given(self, organization_id: UUID) -> dict[str, object]:
        """The values that a statement of ``_matching`` leaves open, by their names."""
        given: dict[str, object] = {name: value for name in _COLUMNS if (value := getattr(self, name)) is not None} | {
            "organization_id": organization_id
        }
        if self.q is not None:
            pattern = _PATTERN if len(self.q) >= _SHORTEST_INDEXED else _SHORT_PATTERN
            given |= {"q": self.q, pattern: f"%{_SPECIAL.sub(_ESCAPED, self.q)}%"}
        return given


_COLUMNS = ("status", "outcome", "disposition", "campaign_id", "source")
_PATTERN, _SHORT_PATTERN = "pattern", "short_pattern"
_SHORTEST_INDEXED = 3  # what is shorter has no three characters in a row, of which the indexes are made
_SPECIAL, _ESCAPED = re.compile(r"([\\%_])"), r"\\\1"


async def list_leads(
    via: Via, organization_id: UUID, wanted: LeadFilter, *, limit: int, after: Cursor | None
) -> Page[LeadInList]:
    """One page of leads, newest first, without their attempts."""
    page, _ = await leads_with_version(via, organization_id, wanted, limit=limit, after=after)
    return page


async def leads_with_version(
    via: Via, organization_id: UUID, wanted: LeadFilter, *, limit: int, after: Cursor | None
) -> tuple[Page[LeadInList], Version]:
    """One page of leads and its version, for who hasn't read the page before."""
    given = wanted.given(organization_id)
    look = _look(frozenset(given), whole=True, limit=limit, goes_on=after is not None)
    page = await page_by(look, via, given, limit=limit, after=after)
    shown = len(ListedLead._fields)
    leads = [LeadInList(ListedLead._make(row[:shown]), row[shown]) for row in page.items]
    told = [row[shown + 1 : -2] for row in page.items]
    return Page(leads, page.next_cursor), version_of_page(told, page.next_cursor)


async def version_of_leads(
    via: Via, organization_id: UUID, wanted: LeadFilter, *, limit: int, after: Cursor | None
) -> Version:
    """Of one page of leads."""
    given = wanted.given(organization_id)
    look = _look(frozenset(given), whole=False, limit=limit, goes_on=after is not None)
    page = await page_by(look, via, given, limit=limit, after=after)
    return version_of_page([row[:-2] for row in page.items], page.next_cursor)


async def custom_field_names(
    session: AsyncSession, organization_id: UUID, wanted: LeadFilter, *, limit: int
) -> Sequence[str]:
    """The names of all custom fields of these leads, in order; at most ``limit``."""
    given = wanted.given(organization_id)
    statement = _matching(select(func.jsonb_object_keys(LeadRow.custom_fields)), given).distinct().limit(limit)
    return sorted(str(name) for name in await session.scalars(statement, given))


@lru_cache(maxsize=KINDS)
def _look(named: frozenset[str], *, whole: bool, limit: int, goes_on: bool) -> Look:
    shown = [*columns_of(LeadRow, ListedLead._fields), ContactRow.phone_number] if whole else []
    query = select(*shown, LeadRow.id, written_by(LeadRow), written_by(ContactRow))
    return page_look(_matching(query, named), (LeadRow.created_at, LeadRow.id), limit=limit, goes_on=goes_on)


def _matching(statement: Select[*tuple[Any, ...]], named: Collection[str]) -> Select[*tuple[Any, ...]]:
    """A statement on leads, cut down by the values with these names; their contacts are joined to it."""
    statement = statement.select_from(LeadRow).join(ContactRow, ContactRow.id == LeadRow.contact_id)
    statement = statement.where(is_given(LeadRow.organization_id, "organization_id"))
    statement = statement.where(*(is_given(getattr(LeadRow, name), name) for name in _COLUMNS if name in named))
    if _SHORT_PATTERN in named:
        return statement.where(_has_part())
    return statement.where(_is_mentioned()) if _PATTERN in named else statement


def _has_part() -> ColumnElement[bool]:
    """Nearly everybody has two given letters: going through the list in its order finds a page at once."""
    pattern = bindparam(_SHORT_PATTERN, type_=Text())
    in_name, in_number = LeadRow.name.ilike(pattern), ContactRow.phone_number.like(pattern)
    return or_(in_name, in_number, LeadRow.external_id == bindparam("q", type_=Text()))


def _is_mentioned() -> ColumnElement[bool]:
    """Whether a lead's name or number has ``q`` in it, or its external id is just that.

    Each by an index of its own, which neither a condition on both tables together nor a query behind the wall between
    organisations could use (migration 2026_11_28_row_security).
    """
    pattern, q = bindparam(_PATTERN, type_=Text()), bindparam("q", type_=Text())
    mentioning = func.leads_mentioning(bindparam("organization_id", type_=Uuid()), pattern, q, type_=Uuid())
    return LeadRow.id.in_(select(mentioning.column_valued("mentioning")))
