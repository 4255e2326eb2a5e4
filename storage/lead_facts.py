"""Facts of leads and their sums, worked out from what leads and the facts of their calls say now."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import LeadFactRow
from storage.summing import add_up, keep_facts


async def count_leads(session: AsyncSession, lead_ids: Sequence[UUID]) -> None:
    """Bring the facts of these leads, and all sums with them, to what holds now. Safe to repeat.

    Args:
        session: Its transaction has the turn, and has counted the leads' calls.
        lead_ids: The leads.
    """
    await session.execute(_COUNT, {"ids": lead_ids})


_COLUMNS = [column.name for column in LeadFactRow.__table__.columns]

_FRESH = """
select leads.id, leads.organization_id, leads.campaign_id, leads.source, leads.outcome, leads.created_at,
    coalesce(told.is_called, false) as is_called, coalesce(told.is_reached, false) as is_reached,
    coalesce(told.is_success, false) as is_success, coalesce(told.attempts, 0) as attempts, told.attempts_to_reach
from leads
left join lateral (
    select bool_or(is_ours) as is_called, bool_or(is_reached) as is_reached, bool_or(is_success) as is_success,
        cast(count(*) filter (where is_ours) as integer) as attempts,
        cast(min(place) filter (where is_ours and is_reached) as integer) as attempts_to_reach
    from (
        select not is_inbound and counts as is_ours, is_reached, is_success,
            count(*) filter (where not is_inbound and counts) over (order by number) as place
        from call_facts where call_facts.lead_id = leads.id
    ) as calls
) as told on true
where leads.id = any(:ids)
"""

_COUNT = text(
    f"with {keep_facts('lead_facts', _COLUMNS, _FRESH)}"
    + add_up(
        "lead_sums",
        instant="created_at",
        dimensions=(
            "('source', coalesce(source, ''), -1), ('outcome', coalesce(outcome, ''), -1),"
            " ('reach', '', attempts_to_reach)"
        ),
        only="dimensions.number is not null",
        sums={
            "leads": "1",
            "called": "cast(is_called as integer)",
            "reached": "cast(is_reached as integer)",
            "succeeded": "cast(is_success as integer)",
            "attempts": "attempts",
        },
    )
).bindparams(bindparam("ids", type_=ARRAY(Uuid)))
