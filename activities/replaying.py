"""Events that are kept are applied anew, through the same path as when they came, and it is told what that changed."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from activities import inbox
from activities.aftermath import see_to
from activities.inbox import Taken
from activities.lead_workflows import EngineAway, LeadWorkflows
from domain.calls import CallFacts
from storage import inbound_calls
from storage.models import AccountRow, AttemptRow, Base, ContactRow, InboundCallRow, LeadRow, WebhookEventRow
from storage.stored_events import Wanted, wanted_events
from telephony.payloads import read_stored

log = structlog.get_logger(__name__)

_OF_THE_CLOCK = frozenset({"look_up_at", "updated_at", "planned_at"})
"""Columns that another look sets anew, whatever it finds."""


class Result(StrEnum):
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    UNMATCHED = "unmatched"
    """No attempt knows the call, and it didn't come in either."""
    LEFT_ALONE = "left_alone"
    """A kind that this version doesn't know, or an event that no webhook brought."""
    GONE = "gone"
    """Nothing is kept of it any more but its key: its time has gone by, or its person was erased."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of one event. ``changes``: names of columns; what stands in them is nobody's business here."""

    event_id: UUID
    kind: str
    call_id: str
    result: Result
    attempt_id: UUID | None = None
    changes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    attempt: AttemptRow | None = None
    inbound: InboundCallRow | None = None
    lead: LeadRow | None = None
    contact: ContactRow | None = None


class Replay:
    """Safe to repeat, and to run beside everything else: rows only move forward, and workflows are told once."""

    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        workflows: LeadWorkflows,
        clock: Callable[[], datetime],
    ) -> None:
        self._sessions = sessions
        self._workflows = workflows
        self._clock = clock

    async def run(self, wanted: Wanted, *, dry_run: bool = False) -> AsyncIterator[Replayed]:
        """Apply these events one by one, each in a transaction of its own, in the order in which they came.

        Args:
            dry_run: Everything is tried and nothing kept, and nobody is told.
        """
        async for event_id in wanted_events(self._sessions, wanted):
            replayed, taken = await self._replay(event_id, dry_run=dry_run)
            if not dry_run:
                await self._follow(taken)
            yield replayed

    async def _replay(self, event_id: UUID, *, dry_run: bool) -> tuple[Replayed, Taken]:
        async with self._sessions() as session:
            event = await session.get_one(WebhookEventRow, event_id)
            facts = read_stored(event.payload)
            if facts is None:
                result = Result.LEFT_ALONE if event.payload else Result.GONE
                return Replayed(event.id, event.event, event.call_id, result), Taken()
            account = await session.get_one(AccountRow, event.account_id)
            before = await _standing(session, account, facts)
            taken = await inbox.apply_kept(session, account, facts, event_id, now=self._clock())
            await session.flush()
            session.expire_all()
            await session.refresh(account)
            after = await _standing(session, account, facts)
            replayed = _compared(await session.get_one(WebhookEventRow, event_id), before, after)
            if not dry_run:
                await session.commit()
            return replayed, taken

    async def _follow(self, taken: Taken) -> None:
        await see_to(self._workflows, taken.aftermath)
        if taken.forward is None:
            return
        try:
            await inbox.forward(self._sessions, self._workflows, [taken.forward], now=self._clock())
        except EngineAway as error:
            log.warning("engine_away", error=str(error))  # the reconciliation forwards what stays


Standing = Mapping[str, Mapping[str, Any]]


async def _standing(session: AsyncSession, account: AccountRow, facts: CallFacts) -> Standing:
    """Every column of the rows that the event may change, by the rows' names."""
    found = await _find(session, account, facts)
    rows = {"attempt": found.attempt, "inbound_call": found.inbound, "lead": found.lead, "contact": found.contact}
    return {name: _columns(row) for name, row in rows.items() if row is not None}


async def _find(session: AsyncSession, account: AccountRow, facts: CallFacts) -> _Found:
    attempt = await inbox.attempt_of(session, account, facts)
    inbound = None if attempt is not None else await inbound_calls.find_call(session, account.id, facts.call_id)
    call = attempt or inbound
    if call is None:
        return _Found()
    lead = None if call.lead_id is None else await session.get(LeadRow, call.lead_id)
    contact = None if call.contact_id is None else await session.get(ContactRow, call.contact_id)
    return _Found(attempt, inbound, lead, contact)


def _columns(row: Base) -> Mapping[str, Any]:
    return {name: getattr(row, name) for name in row.__table__.columns.keys() if name not in _OF_THE_CLOCK}  # noqa: SIM118


def _compared(event: WebhookEventRow, before: Standing, after: Standing) -> Replayed:
    changes = [
        f"{row}.{column}"
        for row, columns in after.items()
        for column, value in columns.items()
        if value != before.get(row, {}).get(column)
    ]
    attempt_id = after["attempt"]["id"] if "attempt" in after else None
    result = Result.CHANGED if changes else Result.UNCHANGED if after else Result.UNMATCHED
    return Replayed(event.id, event.event, event.call_id, result, attempt_id, changes)
