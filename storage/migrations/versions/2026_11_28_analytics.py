"""Figures: facts of calls and leads, their sums, and marks of what isn't in them yet.

Marks are written by triggers, in the transaction that changes what is counted and whoever changes it: for a call when
it is settled and when what is counted changes later, for a lead when it comes in and when it ends. What is there
already is marked here, and counted by the worker.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_analytics"
down_revision: str | None = "2026_11_28_rights"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

FUNCTIONS = {
    "note_for_analytics": """
create function note_for_analytics() returns trigger language plpgsql as $$
begin
    insert into analytics_marks (kind, target_id) values (tg_argv[0], new.id);
    return null;
end
$$
""",
    "note_new_leads_for_analytics": """
create function note_new_leads_for_analytics() returns trigger language plpgsql as $$
begin
    insert into analytics_marks (kind, target_id) select 'lead', id from added;
    return null;
end
$$
""",
}

CALL_COLUMNS = (
    "status, outcome, disposition, agent_id, agent_version, started_at, duration_ms, cost_cents, lead_id, campaign_id"
)
ATTEMPT_COLUMNS = f"{CALL_COLUMNS}, counts, first_sent_at"
LEAD_COLUMNS = "outcome, source, campaign_id"


def _changed(columns: str) -> str:
    names = [name.strip() for name in columns.split(",")]
    old, new = (", ".join(f"{which}.{name}" for name in names) for which in ("old", "new"))
    return f"({old}) is distinct from ({new})"


TRIGGERS = {
    ("note_new_call_for_analytics", "interaction_attempts"): (
        "after insert on interaction_attempts for each row when (new.status = 'done')"
        " execute function note_for_analytics('call')"
    ),
    ("note_call_for_analytics", "interaction_attempts"): (
        f"after update of {ATTEMPT_COLUMNS} on interaction_attempts for each row"
        f" when (new.status = 'done' and {_changed(ATTEMPT_COLUMNS)}) execute function note_for_analytics('call')"
    ),
    ("note_new_call_for_analytics", "inbound_calls"): (
        "after insert on inbound_calls for each row when (new.status = 'done')"
        " execute function note_for_analytics('call')"
    ),
    ("note_call_for_analytics", "inbound_calls"): (
        f"after update of {CALL_COLUMNS} on inbound_calls for each row"
        f" when (new.status = 'done' and {_changed(CALL_COLUMNS)}) execute function note_for_analytics('call')"
    ),
    ("note_new_leads_for_analytics", "leads"): (
        "after insert on leads referencing new table as added for each statement"
        " execute function note_new_leads_for_analytics()"
    ),
    ("note_lead_for_analytics", "leads"): (
        f"after update of {LEAD_COLUMNS} on leads for each row when ({_changed(LEAD_COLUMNS)})"
        " execute function note_for_analytics('lead')"
    ),
    ("note_campaign_for_analytics", "campaigns"): (
        "after update of dispositions on campaigns for each row"
        " when (old.dispositions is distinct from new.dispositions) execute function note_for_analytics('campaign')"
    ),
}

BACKFILL = (
    "insert into analytics_marks (kind, target_id) select 'call', id from interaction_attempts where status = 'done'",
    "insert into analytics_marks (kind, target_id) select 'call', id from inbound_calls where status = 'done'",
    "insert into analytics_marks (kind, target_id) select 'lead', id from leads",
)


def upgrade() -> None:
    _create_marks()
    _create_facts()
    _create_sums()
    for function in FUNCTIONS.values():
        op.execute(function)
    for (name, _), definition in TRIGGERS.items():
        op.execute(f"create trigger {name} {definition}")
    for statement in BACKFILL:
        op.execute(statement)


def _create_marks() -> None:
    op.create_table(
        "analytics_marks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.CheckConstraint("kind in ('call', 'lead', 'campaign')", name=op.f("ck_analytics_marks_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_analytics_marks")),
    )
    op.create_table(
        "analytics_progress",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_analytics_progress_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_analytics_progress")),
    )


def _create_facts() -> None:
    op.create_table(
        "call_facts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=True),
        sa.Column("lead_id", sa.Uuid(), nullable=True),
        sa.Column("is_inbound", sa.Boolean(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("number_pool_id", sa.Uuid(), nullable=True),
        sa.Column("caller_id", sa.Text(), nullable=True),
        sa.Column("agent_id", sa.Text(), nullable=True),
        sa.Column("agent_version", sa.Integer(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("disposition", sa.Text(), nullable=True),
        sa.Column("is_success", sa.Boolean(), nullable=False),
        sa.Column("is_reached", sa.Boolean(), nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("local_weekday", sa.Integer(), nullable=True),
        sa.Column("local_hour", sa.Integer(), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("price_per_minute", sa.Numeric(), nullable=True),
        sa.Column("cost_cents", sa.Numeric(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_call_facts_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_facts")),
    )
    op.create_index(op.f("ix_call_facts_lead_id"), "call_facts", ["lead_id"], unique=False)
    op.create_index(
        "ix_call_facts_judged",
        "call_facts",
        ["campaign_id"],
        unique=False,
        postgresql_where=sa.text("disposition is not null"),
    )
    op.create_table(
        "lead_facts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_called", sa.Boolean(), nullable=False),
        sa.Column("is_reached", sa.Boolean(), nullable=False),
        sa.Column("is_success", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("attempts_to_reach", sa.Integer(), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_lead_facts_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_facts")),
    )


CALL_SUMS = (
    "calls",
    "reached",
    "succeeded",
    "refused",
    "inbound",
    "inbound_reached",
    "inbound_succeeded",
    "duration_ms",
    "talk_ms",
)
LEAD_SUMS = ("leads", "called", "reached", "succeeded", "attempts")
SUMMED_BY = ("organization_id", "dimension", "grain", "begins_at", "campaign_id", "key", "number")


def _create_sums() -> None:
    for table, sums, more in (
        ("call_sums", CALL_SUMS, [sa.Column("cost_cents", sa.Numeric(), nullable=False)]),
        ("lead_sums", LEAD_SUMS, []),
    ):
        op.create_table(
            table,
            *(sa.Column(name, sa.BigInteger(), nullable=False) for name in sums),
            *more,
            sa.Column("organization_id", sa.Uuid(), nullable=False),
            sa.Column("dimension", sa.Text(), nullable=False),
            sa.Column("grain", sa.Text(), nullable=False),
            sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
            sa.Column("campaign_id", sa.Uuid(), nullable=False),
            sa.Column("key", sa.Text(), nullable=False),
            sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
            sa.PrimaryKeyConstraint(*SUMMED_BY, name=op.f(f"pk_{table}")),
        )


def downgrade() -> None:
    for name, table in TRIGGERS:
        op.execute(f"drop trigger {name} on {table}")
    for name in FUNCTIONS:
        op.execute(f"drop function {name}()")
    for table in ("lead_sums", "call_sums", "lead_facts", "call_facts", "analytics_progress", "analytics_marks"):
        op.drop_table(table)
