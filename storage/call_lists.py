"""All calls as people read them, those that went out and those that came in, in one list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.vocabulary import AttemptStatus
from storage.calls import CallRecord, ListedAttempt, get_call
from storage.literals import written_out
from storage.looks import Look, Via, is_given
from storage.models import AttemptRow, ContactRow, InboundCallRow
from storage.page_looks import KINDS, Placed, columns_of, page_by, page_look, place_of
from storage.pages import Cursor, Page
from storage.written_by import Version, version_of_page, written_by


class ListedInboundCall(NamedTuple):
    """What a list shows of a call that came in, by the names of ``InboundCallRow``."""

    id: UUID
    call_id: str
    lead_id: UUID | None
    campaign_id: UUID | None
    from_number: str | None
    to_number: str | None
    status: str
    outcome: str | None
    disposition: str | None
    disconnection_reason: str | None
    callback_at: str | None
    callback_problem: str | None
    agent_version: int | None
    started_at: datetime | None
    ended_at: datetime | None
    duration_ms: int | None
    transcript: str | None
    recording_fetched_at: datetime | None
    recording_deletion: str | None
    analysis: dict[str, Any] | None
    cost_cents: Decimal | None
    flags: list[dict[str, Any]] | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ListedCall:
    attempt: ListedAttempt
    phone_number: str


AnyListed: TypeAlias = ListedCall | ListedInboundCall
AnyCall: TypeAlias = CallRecord | InboundCallRow


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """``direction``: ``outbound`` are attempts, ``inbound`` calls that came in; without it both."""

    direction: str | None = None
    status: str | None = None
    outcome: str | None = None
    disposition: str | None = None
    campaign_id: UUID | None = None
    lead_id: UUID | None = None

    def given(self) -> dict[str, object]:
        """The values that are asked for, by the names of their columns; ``status`` stands in the statement itself."""
        return {name: value for name in _OPEN if (value := getattr(self, name)) is not None}


_OPEN = ("outcome", "disposition", "campaign_id", "lead_id")


class _Row(NamedTuple):
    """A call in the list; None where its version alone was asked for."""

    place: tuple[datetime, UUID]
    version: tuple[object, ...]
    call: AnyListed | None


@dataclass(frozen=True, slots=True)
class _Kind:
    """Of a question to one of the two tables. ``named``: what it is cut down by; ``whole``: more than the version."""

    named: frozenset[str]
    status: AttemptStatus | None
    whole: bool
    limit: int
    goes_on: bool


async def list_all_calls(
    via: Via, organization_id: UUID, wanted: CallFilter, *, limit: int, after: Cursor | None
) -> Page[AnyListed]:
    """One page of calls, the newest first."""
    page, _ = await calls_with_version(via, organization_id, wanted, limit=limit, after=after)
    return page


async def calls_with_version(
    via: Via, organization_id: UUID, wanted: CallFilter, *, limit: int, after: Cursor | None
) -> tuple[Page[AnyListed], Version]:
    """One page of calls and its version, for who hasn't read the page before."""
    page = await _page(via, organization_id, wanted, whole=True, limit=limit, after=after)
    calls = [row.call for row in page.items if row.call is not None]
    return Page(calls, page.next_cursor), version_of_page([row.version for row in page.items], page.next_cursor)


async def version_of_calls(
    via: Via, organization_id: UUID, wanted: CallFilter, *, limit: int, after: Cursor | None
) -> Version:
    """Of one page of calls."""
    page = await _page(via, organization_id, wanted, whole=False, limit=limit, after=after)
    return version_of_page([row.version for row in page.items], page.next_cursor)


async def get_any_call(session: AsyncSession, organization_id: UUID, call_id: str) -> AnyCall | None:
    """The call with the provider's ``call_id``, whoever rang whom."""
    outbound = await get_call(session, organization_id, call_id)
    if outbound is not None:
        return outbound
    query = select(InboundCallRow).where(
        InboundCallRow.call_id == call_id, InboundCallRow.organization_id == organization_id
    )
    return await session.scalar(query.order_by(InboundCallRow.created_at).limit(1))


async def attempts_of_lead(via: Via, lead_id: UUID) -> Sequence[ListedAttempt]:
    """By their numbers."""
    return [ListedAttempt._make(row) for row in await _ATTEMPTS_OF_LEAD.rows(via, lead_id=lead_id)]


async def inbound_calls_of_lead(via: Via, lead_id: UUID) -> Sequence[ListedInboundCall]:
    """The oldest first."""
    return [ListedInboundCall._make(row) for row in await _INBOUND_OF_LEAD.rows(via, lead_id=lead_id)]


async def _page(
    via: Via, organization_id: UUID, wanted: CallFilter, *, whole: bool, limit: int, after: Cursor | None
) -> Page[_Row]:
    """Of both tables. The two share one order, so that one cursor serves both."""
    given = wanted.given()
    status = None if wanted.status is None else AttemptStatus(wanted.status)
    kind = _Kind(frozenset(given), status, whole, limit, after is not None)
    given["organization_id"] = organization_id
    rows: list[_Row] = []
    goes_on = False
    if wanted.direction != "inbound":
        outbound = await page_by(_look_at_attempts(kind), via, given, limit=limit, after=after)
        rows.extend(_of_attempt(row, whole=whole) for row in outbound.items)
        goes_on = outbound.next_cursor is not None
    if wanted.direction != "outbound":
        inbound = await page_by(_look_at_inbound(kind), via, given, limit=limit, after=after)
        rows.extend(_of_inbound(row, whole=whole) for row in inbound.items)
        goes_on = goes_on or inbound.next_cursor is not None
    rows.sort(key=attrgetter("place"), reverse=True)
    goes_on = goes_on or len(rows) > limit
    return Page(rows[:limit], Cursor(*rows[limit - 1].place) if goes_on else None)


@lru_cache(maxsize=KINDS)
def _look_at_attempts(kind: _Kind) -> Look:
    shown = [*_ATTEMPT, ContactRow.phone_number] if kind.whole else []
    query = select(*shown, *_VERSION_OF_ATTEMPT).select_from(AttemptRow)
    query = query.join(ContactRow, ContactRow.id == AttemptRow.contact_id)
    return _cut_down(query, AttemptRow, kind)


@lru_cache(maxsize=KINDS)
def _look_at_inbound(kind: _Kind) -> Look:
    shown = _INBOUND if kind.whole else []
    return _cut_down(select(*shown, *_VERSION_OF_INBOUND).select_from(InboundCallRow), InboundCallRow, kind)


def _cut_down(query: Select[*tuple[Any, ...]], table: type[AttemptRow | InboundCallRow], kind: _Kind) -> Look:
    query = query.where(is_given(table.organization_id, "organization_id"))
    query = query.where(*(is_given(getattr(table, name), name) for name in _OPEN if name in kind.named))
    if kind.status is not None:
        # A literal: the planner must see that the partial index of open attempts holds what is asked for.
        query = query.where(table.status == written_out(kind.status))
    return page_look(query, (table.created_at, table.id), limit=kind.limit, goes_on=kind.goes_on)


def _of_attempt(row: Placed, *, whole: bool) -> _Row:
    shown = len(ListedAttempt._fields)
    call = ListedCall(ListedAttempt._make(row[:shown]), row[shown]) if whole else None
    return _Row(place_of(row), row[-2 - len(_VERSION_OF_ATTEMPT) : -2], call)


def _of_inbound(row: Placed, *, whole: bool) -> _Row:
    call = ListedInboundCall._make(row[: len(ListedInboundCall._fields)]) if whole else None
    return _Row(place_of(row), row[-2 - len(_VERSION_OF_INBOUND) : -2], call)


_ATTEMPT = columns_of(AttemptRow, ListedAttempt._fields)
_INBOUND = columns_of(InboundCallRow, ListedInboundCall._fields)
_VERSION_OF_ATTEMPT = (AttemptRow.id, written_by(AttemptRow), written_by(ContactRow))
_VERSION_OF_INBOUND = (InboundCallRow.id, written_by(InboundCallRow))
_ATTEMPTS_OF_LEAD = Look(select(*_ATTEMPT).where(is_given(AttemptRow.lead_id, "lead_id")).order_by(AttemptRow.number))
_INBOUND_OF_LEAD = Look(
    select(*_INBOUND)
    .where(is_given(InboundCallRow.lead_id, "lead_id"))
    .order_by(InboundCallRow.created_at, InboundCallRow.id)
)
