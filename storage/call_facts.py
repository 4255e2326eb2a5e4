"""Facts of calls and their sums, worked out from what attempts, inbound calls, leads and campaigns say now."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import TextClause

from domain.figures import PERSON_REACHED, SUCCESSES_BY_DEFAULT
from storage.models import CallFactRow
from storage.summing import add_up, keep_facts


async def known_zones(session: AsyncSession) -> Sequence[str]:
    """The time zones whose clocks the server can read. It takes a moment: it looks into all of them."""
    return (await session.scalars(text("select name from pg_timezone_names"))).all()


async def count_calls(session: AsyncSession, call_ids: Sequence[UUID], zones: Sequence[str]) -> None:
    """Bring the facts of these calls, and all sums with them, to what holds now. Safe to repeat.

    Args:
        session: Its transaction has the turn (``analytics_marks.take_turn``): two at once would count twice.
        call_ids: Of attempts and inbound calls; those that aren't settled are left alone.
        zones: What ``known_zones`` gave. The hours of a lead in any other zone are those of UTC.
    """
    await session.execute(_COUNT, {"ids": call_ids, "zones": zones, **_MEANING})


async def leads_of_calls(session: AsyncSession, call_ids: Sequence[UUID]) -> Sequence[UUID]:
    """The leads of these calls, as far as they were counted."""
    query = select(CallFactRow.lead_id).where(CallFactRow.id.in_(call_ids), CallFactRow.lead_id.is_not(None))
    return [lead_id for lead_id in await session.scalars(query.distinct()) if lead_id is not None]


async def calls_of_leads(session: AsyncSession, lead_ids: Sequence[UUID]) -> Sequence[UUID]:
    """The calls of these leads, as far as they were counted."""
    return (await session.scalars(select(CallFactRow.id).where(CallFactRow.lead_id.in_(lead_ids)))).all()


async def mark_judged_otherwise(session: AsyncSession, campaign_ids: Sequence[UUID]) -> None:
    """Mark the calls whose dispositions these campaigns now count as a success, or no more."""
    await session.execute(_MARK_JUDGED_OTHERWISE, {"ids": campaign_ids, **_MEANING})


_MEANING: Mapping[str, Any] = {"successes": list(SUCCESSES_BY_DEFAULT), "reached": [str(one) for one in PERSON_REACHED]}

_IS_SUCCESS = """coalesce(
    case when campaigns.dispositions is null then call.disposition = any(:successes)
    else exists (
        select from jsonb_array_elements(campaigns.dispositions) as one
        where one ->> 'name' = call.disposition and one ->> 'success' = 'true'
    ) end, false)"""

_COLUMNS = [column.name for column in CallFactRow.__table__.columns]

# The carrier's price of whole milliseconds, in cents.
_COST = "round(coalesce(call.cost_cents, 0) + call.duration_ms * coalesce(call.price_per_minute, 0) / 600, 6)"

_FRESH = f"""
with known_zones as (select unnest(cast(:zones as text[])) as name),
call as (
    select a.id, a.organization_id, a.campaign_id, a.lead_id, false as is_inbound, a.number, a.account_id,
        a.number_pool_id, a.from_number as caller_id, a.agent_id, a.agent_version, a.outcome, a.disposition,
        coalesce(a.counts, true) as counts, coalesce(a.started_at, a.first_sent_at, a.created_at) as started_at,
        coalesce(a.duration_ms, 0) as duration_ms, a.cost_cents,
        coalesce(old.price_per_minute, number_pools.cost_per_minute) as price_per_minute
    from interaction_attempts as a
    join number_pools on number_pools.id = a.number_pool_id
    left join old on old.id = a.id
    where a.id = any(:ids) and a.status = 'done'
    union all
    select i.id, i.organization_id, i.campaign_id, i.lead_id, true, null, i.account_id,
        null, i.to_number, i.agent_id, i.agent_version, i.outcome, i.disposition,
        true, coalesce(i.started_at, i.created_at), coalesce(i.duration_ms, 0), i.cost_cents, null
    from inbound_calls as i
    where i.id = any(:ids) and i.status = 'done'
)
select call.id, call.organization_id, call.campaign_id, call.lead_id, call.is_inbound, call.number, call.account_id,
    call.number_pool_id, call.caller_id, call.agent_id, call.agent_version, leads.source, call.outcome,
    call.disposition, {_IS_SUCCESS} as is_success, call.outcome = any(:reached) as is_reached, call.counts,
    call.started_at, cast(extract(isodow from clock.shown) as integer) - 1 as local_weekday,
    cast(extract(hour from clock.shown) as integer) as local_hour, call.duration_ms, call.price_per_minute,
    {_COST} as cost_cents
from call
left join leads on leads.id = call.lead_id
left join campaigns on campaigns.id = call.campaign_id
left join known_zones on known_zones.name = leads.time_zones[1]
cross join lateral (
    select case when leads.id is not null
    then timezone(coalesce(known_zones.name, 'UTC'), call.started_at) end as shown
) as clock
"""  # noqa: S608 - put together from constants

_OURS, _THEIRS = "(not is_inbound and counts)", "is_inbound"


def _asking(statement: str) -> TextClause:
    ids = bindparam("ids", type_=ARRAY(Uuid))
    texts = [
        bindparam(name, type_=ARRAY(Text)) for name in ("successes", "reached", "zones") if f":{name}" in statement
    ]
    return text(statement).bindparams(ids, *texts)


_COUNT = _asking(
    f"with {keep_facts('call_facts', _COLUMNS, _FRESH)}"
    + add_up(
        "call_sums",
        instant="started_at",
        dimensions=(
            "('agent', coalesce(agent_id, ''), coalesce(agent_version, -1)), ('source', coalesce(source, ''), -1),"
            " ('clock', '', local_weekday * 24 + local_hour)"
        ),
        only=f"dimensions.dimension <> 'clock' or {_OURS}",
        sums={
            "calls": f"cast({_OURS} as integer)",
            "reached": f"cast(({_OURS} and is_reached) as integer)",
            "succeeded": f"cast(({_OURS} and is_success) as integer)",
            "refused": "cast((not is_inbound and not counts) as integer)",
            "inbound": f"cast({_THEIRS} as integer)",
            "inbound_reached": f"cast(({_THEIRS} and is_reached) as integer)",
            "inbound_succeeded": f"cast(({_THEIRS} and is_success) as integer)",
            "duration_ms": "cast(duration_ms as bigint)",
            "talk_ms": "case when is_reached then cast(duration_ms as bigint) else 0 end",
            "cost_cents": "cost_cents",
        },
    )
)

_MARK_JUDGED_OTHERWISE = _asking(f"""
insert into analytics_marks (kind, target_id)
select 'call', call.id from call_facts as call join campaigns on campaigns.id = call.campaign_id
where call.campaign_id = any(:ids) and call.disposition is not null and call.is_success <> {_IS_SUCCESS}
""")  # noqa: S608 - put together from constants
