"""Leads and calls by the million, straight into the database: nobody has them called, and they are gone with it."""

import asyncio
import time
from collections.abc import Sequence
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from benchmarks.errors import BenchmarkFailed
from benchmarks.queries.scale import CALLS_OF_A_LEAD
from runtime.embedded.part import Say

CHUNK = 50_000
LOOK_SECONDS = 1.0
PATIENCE_SECONDS = 120.0  # and a hundredth of a second for each lead

# What triggers would note row by row is noted at once, at the end. Nobody listens to these calls.
_TRIGGERS = "alter table {table} {what} trigger user"

_LEADS = """
with people as (
    insert into contacts (id, organization_id, phone_number)
    select gen_random_uuid(), $1::uuid, '+1999' || lpad(number::text, 8, '0')
    from generate_series($3::int, $4::int) as number
    returning id, phone_number
)
insert into leads (id, organization_id, campaign_id, contact_id, name, source, time_zones, time_zone_source, priority,
    custom_fields, status, outcome, done_at, run, earlier_attempts, handed_over_at, created_at)
select gen_random_uuid(), $1::uuid, ($2::uuid[])[1 + number % cardinality($2::uuid[])], id, 'Ada ' || number,
    (array['form', 'fair', 'partner', 'list', 'web', null])[1 + number % 6],
    array[(array['America/Chicago', 'America/New_York', 'America/Los_Angeles', 'Europe/Berlin'])[1 + number % 4]],
    'given', 3, '{}', 'done', (array['reached', 'max_attempts_reached', 'opted_out'])[1 + number % 3], now(), 1, 0,
    now(), now() - random() * interval '90 days'
from (select id, right(phone_number, 8)::int as number from people) as people
"""

_CALLS = f"""
insert into interaction_attempts (id, organization_id, lead_id, contact_id, campaign_id, number_pool_id, account_id,
    number, from_number, status, outcome, counts, disposition, agent_id, agent_version, call_id, first_sent_at,
    started_at, ended_at, duration_ms, cost_cents, settled_at, not_before, not_after, slot_released_at, created_at)
select gen_random_uuid(), leads.organization_id, leads.id, leads.contact_id, leads.campaign_id, pools.id,
    pools.account_id, number, '+12125550190', 'done', told.outcome, true,
    case when told.outcome = 'answered' then (array['booked', 'cold', null])[1 + floor(random() * 3)::int] end,
    'agent_' || leads.priority, number % 2, 'call_' || gen_random_uuid(), told.at, told.at,
    told.at + interval '1 minute', 60000, 9.5, told.at, told.at, told.at, told.at + interval '1 minute', told.at
from leads
join campaigns on campaigns.id = leads.campaign_id
join number_pools as pools on pools.id = campaigns.number_pool_id
cross join generate_series(1, {CALLS_OF_A_LEAD}) as number
cross join lateral (
    select leads.created_at + (number - 1 + random()) * interval '8 hours' as at,
        (array['answered', 'no_answer', 'voicemail', 'busy'])[1 + floor(random() * (3 + leads.run))::int] as outcome
) as told
where leads.contact_id in (select id from contacts where organization_id = $1 and phone_number between $2 and $3)
"""  # noqa: S608 - put together from constants

_MARKS = """
insert into analytics_marks (kind, target_id)
select 'call', id from interaction_attempts where organization_id = $1 order by lead_id
"""


async def seed(database_url: str, organization_id: UUID, campaigns: Sequence[UUID], leads: int, say: Say) -> None:
    """Fill these campaigns with so many leads, and have the worker count them.

    Raises:
        BenchmarkFailed: The worker didn't come to an end with counting.
    """
    database = await asyncpg.connect(database_url)
    try:
        for table in ("leads", "interaction_attempts"):
            await database.execute(_TRIGGERS.format(table=table, what="disable"))
        for first in range(1, leads + 1, CHUNK):
            last = min(first + CHUNK - 1, leads)
            await database.execute(_LEADS, organization_id, list(campaigns), first, last)
            await database.execute(_CALLS, organization_id, f"+1999{first:08}", f"+1999{last:08}")
        for table in ("leads", "interaction_attempts"):
            await database.execute(_TRIGGERS.format(table=table, what="enable"))
        await database.execute("analyze")
        say(f"{leads:,} leads and {leads * CALLS_OF_A_LEAD:,} calls are in; they are counted")
        await database.execute(_MARKS, organization_id)
        await _until_counted(database, leads)
        await database.execute("vacuum analyze")
    finally:
        await database.close()


async def _until_counted(database: asyncpg.Connection, leads: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS + leads / 100
    while await database.fetchval("select exists (select from analytics_marks)"):
        if time.monotonic() > deadline:
            left = await database.fetchval("select count(*) from analytics_marks")
            raise BenchmarkFailed(f"The worker hasn't counted all calls yet; {left} marks are left.")
        await asyncio.sleep(LOOK_SECONDS)
