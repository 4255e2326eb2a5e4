"""The organisation's own systems are told of events: subscriptions, and deliveries that triggers write.

A trigger looks whether anybody of the organisation wants the event, and writes a delivery for each who does, in the
transaction that brings the event about: none is lost, and none is told of what was rolled back. Where nobody
subscribes that is one look into an index without entries, at the start and the end of a call and of a lead.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from storage.row_security import unwall, wall

revision: str = "2026_11_28_subscriptions"
down_revision: str | None = "2026_11_28_row_security"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

TABLES = ("event_subscriptions", "event_deliveries")

# The first look is for those whom nobody listens to: to begin an insert that inserts nothing costs several times as much.
FUNCTION = """
create function note_event() returns trigger language plpgsql as $$
begin
    if not exists (select from event_subscriptions where organization_id = new.organization_id and enabled) then
        return null;
    end if;
    insert into event_deliveries (id, organization_id, subscription_id, event_type, subject, subject_id)
    select gen_random_uuid(), new.organization_id, id, tg_argv[0], tg_argv[1], new.id
    from event_subscriptions
    where organization_id = new.organization_id and enabled
      and (event_types is null or tg_argv[0] = any (event_types))
      and (campaign_id is null or campaign_id = new.campaign_id);
    return null;
end
$$
"""

# A call whose end nobody heard ends as unknown; one that certainly never rang has neither a start nor an end.
ENDED = (
    "old.ended_at is null and old.status <> 'done'"
    " and (new.ended_at is not null or (new.status = 'done' and new.outcome = 'unknown'))"
)

CALLS = {
    "started": ("started_at", "old.started_at is null and new.started_at is not null"),
    "ended": ("ended_at, status, outcome", ENDED),
    "analyzed": ("analyzed_at", "old.analyzed_at is null and new.analyzed_at is not null"),
}
# What came in is first heard of by any report, so that it may begin as started, ended or analysed.
BORN = {
    "started": "new.started_at is not null",
    "ended": "new.ended_at is not null",
    "analyzed": "new.analyzed_at is not null",
}
LEADS = {
    "done": ("status", "old.status <> 'done' and new.status = 'done'"),
    "opted_out": ("outcome", "new.outcome = 'opted_out' and old.outcome is distinct from new.outcome"),
}


def _triggers() -> dict[tuple[str, str], str]:
    found = {}
    for subject, table in (("attempt", "interaction_attempts"), ("inbound_call", "inbound_calls")):
        for event, (columns, condition) in CALLS.items():
            found[f"note_call_{event}", table] = (
                f"after update of {columns} on {table} for each row when ({condition})"
                f" execute function note_event('call.{event}', '{subject}')"
            )
    for event, condition in BORN.items():
        found[f"note_new_call_{event}", "inbound_calls"] = (
            f"after insert on inbound_calls for each row when ({condition})"
            f" execute function note_event('call.{event}', 'inbound_call')"
        )
    for event, (columns, condition) in LEADS.items():
        found[f"note_lead_{event}", "leads"] = (
            f"after update of {columns} on leads for each row when ({condition})"
            f" execute function note_event('lead.{event}', 'lead')"
        )
    return found


def upgrade() -> None:
    _create_subscriptions()
    _create_deliveries()
    for table in TABLES:
        wall(table)
    op.execute(FUNCTION)
    for (name, _), definition in _triggers().items():
        op.execute(f"create trigger {name} {definition}")


def _create_subscriptions() -> None:
    table = "event_subscriptions"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("event_types", sa.ARRAY(sa.Text()), nullable=True),
        sa.Column("campaign_id", sa.Uuid(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sealed_secret", sa.Text(), nullable=False),
        sa.Column("old_sealed_secret", sa.Text(), nullable=True),
        sa.Column("old_secret_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rests_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("disabled_reason in ('gone', 'failing')", name=op.f(f"ck_{table}_disabled_reason")),
        sa.CheckConstraint(
            "(old_sealed_secret is null) = (old_secret_until is null)", name=op.f(f"ck_{table}_old_secret_ends")
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f(f"fk_{table}_organization_id")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f(f"fk_{table}_campaign_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    op.create_index(op.f(f"ix_{table}_organization_id_created_at_id"), table, ["organization_id", "created_at", "id"])
    op.create_index(f"ix_{table}_enabled", table, ["organization_id"], postgresql_where=sa.text("enabled"))


def _create_deliveries() -> None:
    table = "event_deliveries"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("status", sa.Text(), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("round", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("asked_for", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status_code", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("response", sa.Text(), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.CheckConstraint("status in ('pending', 'retrying', 'delivered', 'failed')", name=op.f(f"ck_{table}_status")),
        sa.CheckConstraint(
            "subject in ('lead', 'attempt', 'inbound_call', 'subscription')", name=op.f(f"ck_{table}_subject")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    op.create_index(op.f(f"ix_{table}_subscription_id_created_at_id"), table, ["subscription_id", "created_at", "id"])
    op.create_index(
        op.f(f"ix_{table}_subscription_id_status_created_at_id"),
        table,
        ["subscription_id", "status", "created_at", "id"],
    )
    op.create_index(op.f(f"ix_{table}_created_at"), table, ["created_at"])
    op.create_index(
        f"ix_{table}_asked_for",
        table,
        ["subscription_id"],
        postgresql_where=sa.text("asked_for and status = 'pending'"),
    )
    op.create_index(f"ix_{table}_retrying", table, ["next_try_at"], postgresql_where=sa.text("status = 'retrying'"))
    op.create_index(f"ix_{table}_responses", table, ["subject_id"], postgresql_where=sa.text("response is not null"))


def downgrade() -> None:
    for name, table in _triggers():
        op.execute(f"drop trigger {name} on {table}")
    op.execute("drop function note_event()")
    for table in reversed(TABLES):
        unwall(table)
        op.drop_table(table)
