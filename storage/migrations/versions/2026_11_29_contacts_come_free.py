"""When a call is settled, other leads of its contact that wait for that are due, whoever writes that it is.

They are due since they were told to wait: nothing else kept them from being called. Their pools are announced with the
same commit, as the call's own was for its slot (``2026_11_25_room_is_announced``): they may belong to another one.

The call's row is locked before these leads are, against the order of locks, so those that somebody else has locked are
passed over and nobody is waited for. Whoever decides about one of them meanwhile waits for this commit before the lead
is told to wait (``storage.contact_facts.hold_calls``); whoever plans many at once doesn't, and one of those may miss
the end of the call, until it looks again by itself.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "2026_11_29_contacts_come_free"
down_revision: str | None = "2026_11_29_running_transcripts"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# Nearly always nobody waits: that takes one look into an index.
FUNCTION = """
create function end_waits_for_contact() returns trigger language plpgsql as $$
declare
    busy constant text := 'another call to this number to end';
    pool_id uuid;
begin
    if not exists (
        select from leads where contact_id = new.contact_id and status = 'new' and waiting_for = busy
    ) then
        return null;
    end if;
    for pool_id in
        update leads
        set due_at = coalesce(leads.planned_at, now()), earliest_at = coalesce(leads.planned_at, now()),
            next_attempt_at = null, waiting_for = 'a free slot', updated_at = clock_timestamp()
        from campaigns
        where campaigns.id = leads.campaign_id and leads.id in (
            select waiting.id from leads waiting
            where waiting.contact_id = new.contact_id and waiting.status = 'new' and waiting.waiting_for = busy
            for no key update skip locked
        )
        returning campaigns.number_pool_id
    loop
        perform pg_notify('leadline_room', pool_id::text);
    end loop;
    return null;
end
$$
"""

TABLES = ("interaction_attempts", "inbound_calls")


def upgrade() -> None:
    op.execute(FUNCTION)
    for table in TABLES:
        op.execute(_trigger(table))


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"drop trigger end_waits_for_contact on {table}")
    op.execute("drop function end_waits_for_contact()")


def _trigger(table: str) -> str:
    return f"""
create trigger end_waits_for_contact after update of status on {table}
for each row when (old.status <> 'done' and new.status = 'done' and new.contact_id is not null)
execute function end_waits_for_contact()
"""
