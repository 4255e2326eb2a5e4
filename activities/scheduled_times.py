"""No time for which somebody is planned breaks a rule: a part of them is checked in each round.

The gates ask again at the instant of a dial, so a wrong time rings nobody up. It makes people wait in vain, and tells
of an error: rules or time zones that came with a new version, or a mistake of ours.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from activities.terms import rule_of, windows_within
from domain.scheduled_times import keeps_hours
from domain.time_zones import load_zones
from storage import replanning, scheduled_times
from storage.scheduled_times import ScheduledTimes

log = structlog.get_logger(__name__)

NEAREST = 250
NEAREST_OF_EACH = 50
"""Leads whose time comes next: so many in all, and of one campaign and priority."""

IN_TURN = 250
"""Leads by their ids, from where the last round of this process stopped: all of them in the end."""

AT_A_STRETCH = 25


class TimesCheck:
    def __init__(self, sessions: async_sessionmaker[AsyncSession], clock: Callable[[], datetime]) -> None:
        self._sessions = sessions
        self._clock = clock
        self._checked_to = UUID(int=0)

    async def check(self) -> int:
        """Check the next part; leads whose times break today's rules are left to be planned anew. Safe to repeat.

        Returns:
            How many these are.
        """
        now = self._clock()
        async with self._sessions() as session:
            nearest = await scheduled_times.nearest_times(session, now, of_each=NEAREST_OF_EACH, limit=NEAREST)
            in_turn, last = await scheduled_times.times_after(session, self._checked_to, now, limit=IN_TURN)
        self._checked_to = last or UUID(int=0)
        wrong = await _wrong({times.lead_id: times for times in (*nearest, *in_turn)}.values(), now)
        if wrong:
            _log(wrong)
            async with self._sessions.begin() as session:
                await replanning.plan_again(session, [times.lead_id for times in wrong])
        return len(wrong)


async def _wrong(every: Iterable[ScheduledTimes], now: datetime) -> Sequence[ScheduledTimes]:
    wrong = []
    for place, times in enumerate(every, start=1):
        if place % AT_A_STRETCH == 0:
            await asyncio.sleep(0)
        if not _keeps_rules(times, now):
            wrong.append(times)
    return wrong


def _keeps_rules(times: ScheduledTimes, now: datetime) -> bool:
    rule = rule_of(times.campaign, region=times.region, phone_number=times.phone_number)
    return keeps_hours(
        due_at=times.due_at,
        open_until=times.open_until,
        next_attempt_at=times.next_attempt_at,
        hours=windows_within(times.campaign, rule),
        zones=load_zones(times.time_zones),
        now=now,
    )


def _log(wrong: Sequence[ScheduledTimes]) -> None:
    for campaign_id, count in Counter(times.campaign.id for times in wrong).items():
        one = next(times for times in wrong if times.campaign.id == campaign_id)
        log.warning(
            "times_against_rules",
            campaign_id=str(campaign_id),
            leads=count,
            one_of_them=str(one.lead_id),
            due_at=one.due_at.isoformat(),
            next_attempt_at=one.next_attempt_at and one.next_attempt_at.isoformat(),
        )
