"""Requests of a subject in a sliding period, counted exactly over any number of processes: one statement each.

The period is counted in sixtieths (ticks), so a row has the same size whatever the limit. A request is forgotten with
its whole tick: never more than the limit comes within any period, and what is free again comes at most a tick late.
The clock is the database's, which all processes share.
"""

from sqlalchemy import Double, Integer, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.request_rate import TICKS, Asked, Rate
from storage.looks import Look, Via

# The counts as they stand in the tick of the request: what is older than a period has moved out at the left.
_MOVED = "least(greatest(excluded.tick - known.tick, 0), :ticks)::int"
_COUNTS = f"(known.counts[1 + {_MOVED} :] || array_fill(0, array[{_MOVED}]))"

_TAKE = Look(
    text(f"""
with taken as (
    insert into request_counts as known (subject, tick, counts, expires_at)
    values (
        :subject,
        floor(extract(epoch from clock_timestamp()) / cast(:tick_seconds as float8))::bigint,
        array_fill(0, array[:ticks - 1]) || 1,
        clock_timestamp() + make_interval(secs => :seconds)
    )
    on conflict (subject) do update set
        tick = greatest(known.tick, excluded.tick),
        counts = {_COUNTS}[: :ticks - 1] || ({_COUNTS}[:ticks] + 1),
        expires_at = excluded.expires_at
    where (select sum(count) from unnest({_COUNTS}) as count) < :requests
    returning tick, counts, true as is_within
)
select tick, counts, is_within, extract(epoch from clock_timestamp())::float8 as now_seconds from taken
union all
select tick, counts, false, extract(epoch from clock_timestamp())::float8 from request_counts
where subject = :subject and not exists (select from taken)
""").bindparams(  # noqa: S608 - put together from constants
        bindparam("subject", type_=Text()),
        bindparam("ticks", type_=Integer()),
        bindparam("requests", type_=Integer()),
        bindparam("seconds", type_=Double()),
        bindparam("tick_seconds", type_=Double()),
    )
)

_GIVE_BACK = text("""
update request_counts set counts = counts[: :ticks - 1] || greatest(counts[:ticks] - 1, 0)
where subject = :subject
""")


async def take(via: Via, subject: str, rate: Rate) -> Asked:
    """Count one more request, unless the rate is used up; nothing is counted then.

    Holds the subject's row until the transaction ends: commit at once, or have each statement stand alone.
    """
    limits = {"requests": rate.requests, "seconds": float(rate.seconds), "tick_seconds": rate.tick_seconds}
    row = await _TAKE.first(via, **_values(subject, rate), **limits)
    if row is None:  # refused beside a first request that this statement couldn't see yet
        return Asked(rate, is_within=False, counts=(), tick=0, now_seconds=0.0)
    tick, counts, is_within, now_seconds = row
    return Asked(rate, is_within, counts, tick, now_seconds)


async def give_back(session: AsyncSession, subject: str, rate: Rate) -> None:
    """Uncount a request that was counted a moment ago; the newest tick has room for it, or it stays counted."""
    await session.execute(_GIVE_BACK, _values(subject, rate))


def _values(subject: str, rate: Rate) -> dict[str, object]:
    return {"subject": f"{subject}/{rate.requests}/{rate.seconds}", "ticks": TICKS}
