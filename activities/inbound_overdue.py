"""Calls that came in and of which nothing more is heard come to their end by what is known of them."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from activities import inbound
from activities.aftermath import see_to
from activities.lead_workflows import LeadWorkflows
from domain.calls import CallEvent, CallFacts
from storage import inbound_calls
from storage.models import AccountRow, InboundCallRow

AT_ONCE = 200


class OverdueInboundCalls:
    """While such a call is open its contact isn't dialled, so none may stay open for good."""

    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        workflows: LeadWorkflows,
        clock: Callable[[], datetime],
    ) -> None:
        self._sessions = sessions
        self._workflows = workflows
        self._clock = clock

    async def settle(self) -> Sequence[UUID]:
        """Settle those whose analysis should have come, and end those whose end should have. Safe to repeat."""
        now = self._clock()
        async with self._sessions() as session:
            overdue = await inbound_calls.overdue_calls(session, overdue_before=now, limit=AT_ONCE)
        for _, account_id, call_id in overdue:
            async with self._sessions.begin() as session:
                account = await session.get_one(AccountRow, account_id)
                row = await inbound_calls.find_call(session, account_id, call_id)
                if row is None:
                    continue
                aftermath = await inbound.take(session, account, _as_known(row), now=now)
            await see_to(self._workflows, aftermath)
        return [row_id for row_id, _, _ in overdue]


def _as_known(row: InboundCallRow) -> CallFacts:
    """The call as a look at it would show it by now: over, with what was reported so far."""
    return CallFacts(
        event=CallEvent.LOOKED_UP,
        call_id=row.call_id,
        from_number=row.from_number,
        ended=True,
        ended_at=row.ended_at,
        disconnection_reason=row.disconnection_reason,
        duration_ms=row.duration_ms,
        transcript=row.transcript,
        utterances=row.utterances,
        analysis=row.analysis,
    )
