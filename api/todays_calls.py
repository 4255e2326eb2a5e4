"""What today's calls of an organisation came to."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.problems import Invalid
from api.schemas.standing import TodayStanding
from domain.vocabulary import AttemptOutcome
from storage import standing
from storage.analytics_marks import read_progress

LONGEST_TODAY = timedelta(hours=48)
"""A day has 25 hours at most, and clocks differ."""


def beginning_of_today(given: datetime | None, now: datetime) -> datetime:
    """When today began for whoever asks; with UTC's day, where they don't say.

    Raises:
        Invalid: that was no today's beginning.
    """
    if given is None:
        return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if abs(now - given) > LONGEST_TODAY:
        raise Invalid("today_since", "Give an instant within 48 hours of now: the one at which today began for you.")
    return given


async def todays_calls(session: AsyncSession, organization_id: UUID, since: datetime) -> TodayStanding:
    """How far the figures are is read first: more may be in them by then, and never less."""
    as_of = await read_progress(session)
    found = await standing.calls_since(session, organization_id, since)
    by_outcome = Counter({outcome.value: 0 for outcome in AttemptOutcome})
    for one in found:
        if not one.is_inbound:
            by_outcome[one.outcome] += one.calls
    return TodayStanding(
        since=since,
        as_of=as_of,
        calls=sum(one.calls for one in found if not one.is_inbound and one.counts),
        refused=sum(one.calls for one in found if not one.is_inbound and not one.counts),
        inbound=sum(one.calls for one in found if one.is_inbound),
        by_outcome=dict(by_outcome),
    )
