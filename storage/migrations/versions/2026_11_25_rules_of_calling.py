"""Caps, paces and probes; dispositions; when leads were planned; lists of numbers that must not be called."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "2026_11_25_rules_of_calling"
down_revision: str | None = "2026_11_23_first_tables"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "paces",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("next_dial_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("owner_id", name=op.f("pk_paces")),
    )
    op.create_table(
        "do_not_call_lists",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("refreshed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("kind in ('registry', 'list')", name=op.f("ck_do_not_call_lists_kind")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_do_not_call_lists_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_do_not_call_lists")),
        sa.UniqueConstraint("organization_id", "name", name=op.f("uq_do_not_call_lists_organization_id_name")),
    )
    op.create_table(
        "do_not_call_entries",
        sa.Column("list_id", sa.Uuid(), nullable=False),
        sa.Column("phone_number", sa.Text(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["list_id"], ["do_not_call_lists.id"], name=op.f("fk_do_not_call_entries_list_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_do_not_call_entries_organization_id")
        ),
        sa.PrimaryKeyConstraint("list_id", "phone_number", name=op.f("pk_do_not_call_entries")),
    )
    op.create_index(
        op.f("ix_do_not_call_entries_organization_id_phone_number"),
        "do_not_call_entries",
        ["organization_id", "phone_number"],
        unique=False,
    )
    op.create_table(
        "appointments",
        sa.Column("number_pool_id", sa.Uuid(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("given", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["number_pool_id"], ["number_pools.id"], name=op.f("fk_appointments_number_pool_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number_pool_id", "opens_at", name=op.f("pk_appointments")),
    )
    op.create_index(op.f("ix_appointments_opens_at"), "appointments", ["opens_at"], unique=False)
    op.add_column("accounts", sa.Column("max_calls_per_second", sa.Double(), nullable=True))
    op.add_column("accounts", sa.Column("provider_limit", sa.Integer(), nullable=True))
    op.add_column("accounts", sa.Column("provider_reserved", sa.Integer(), nullable=True))
    op.add_column("accounts", sa.Column("limits_read_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("accounts", sa.Column("probe_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("accounts", sa.Column("released_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("caller_ids", sa.Column("used_on", sa.Date(), nullable=True))
    op.add_column("caller_ids", sa.Column("used_count", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("campaigns", sa.Column("max_calls_per_second", sa.Double(), nullable=True))
    op.add_column("campaigns", sa.Column("max_attempts_per_day", sa.Integer(), nullable=True))
    op.add_column("campaigns", sa.Column("max_attempts_per_24_hours", sa.Integer(), nullable=True))
    op.add_column("campaigns", sa.Column("min_seconds_between_attempts", sa.Integer(), nullable=True))
    op.add_column(
        "campaigns", sa.Column("vary_part_of_day", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("campaigns", sa.Column("skip_if_reached_within_days", sa.Integer(), nullable=True))
    op.add_column(
        "campaigns",
        sa.Column("dispositions", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    )
    op.add_column("campaigns", sa.Column("replanned_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("campaigns", sa.Column("probe_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("campaigns", sa.Column("released_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "interaction_attempts", sa.Column("is_probe", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("interaction_attempts", sa.Column("disposition_by", sa.Uuid(), nullable=True))
    op.add_column("interaction_attempts", sa.Column("callback_problem", sa.Text(), nullable=True))
    op.create_index(
        "ix_attempts_live_account",
        "interaction_attempts",
        ["account_id"],
        unique=False,
        postgresql_where=sa.text("slot_released_at is null"),
    )
    op.create_index(
        "ix_attempts_live_organization",
        "interaction_attempts",
        ["organization_id"],
        unique=False,
        postgresql_where=sa.text("slot_released_at is null"),
    )
    op.create_foreign_key(
        op.f("fk_interaction_attempts_disposition_by"), "interaction_attempts", "users", ["disposition_by"], ["id"]
    )
    op.add_column("leads", sa.Column("earliest_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("leads", sa.Column("open_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("leads", sa.Column("planned_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_leads_called_ahead",
        "leads",
        ["campaign_id", "called_ahead_at"],
        unique=False,
        postgresql_where=sa.text("status = 'new' and called_ahead_at is not null"),
    )
    op.create_index(
        "ix_leads_planned",
        "leads",
        ["campaign_id", "planned_at"],
        unique=False,
        postgresql_where=sa.text("status = 'new'"),
    )
    op.add_column("number_pools", sa.Column("probe_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("number_pools", sa.Column("released_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("organizations", sa.Column("max_calls_per_second", sa.Double(), nullable=True))


def downgrade() -> None:
    op.drop_column("organizations", "max_calls_per_second")
    op.drop_column("number_pools", "released_at")
    op.drop_column("number_pools", "probe_at")
    op.drop_index("ix_leads_planned", table_name="leads", postgresql_where=sa.text("status = 'new'"))
    op.drop_index(
        "ix_leads_called_ahead",
        table_name="leads",
        postgresql_where=sa.text("status = 'new' and called_ahead_at is not null"),
    )
    op.drop_column("leads", "planned_at")
    op.drop_column("leads", "open_until")
    op.drop_column("leads", "earliest_at")
    op.drop_constraint(op.f("fk_interaction_attempts_disposition_by"), "interaction_attempts", type_="foreignkey")
    op.drop_index(
        "ix_attempts_live_organization",
        table_name="interaction_attempts",
        postgresql_where=sa.text("slot_released_at is null"),
    )
    op.drop_index(
        "ix_attempts_live_account",
        table_name="interaction_attempts",
        postgresql_where=sa.text("slot_released_at is null"),
    )
    op.drop_column("interaction_attempts", "callback_problem")
    op.drop_column("interaction_attempts", "disposition_by")
    op.drop_column("interaction_attempts", "is_probe")
    op.drop_column("campaigns", "released_at")
    op.drop_column("campaigns", "probe_at")
    op.drop_column("campaigns", "replanned_at")
    op.drop_column("campaigns", "dispositions")
    op.drop_column("campaigns", "skip_if_reached_within_days")
    op.drop_column("campaigns", "vary_part_of_day")
    op.drop_column("campaigns", "min_seconds_between_attempts")
    op.drop_column("campaigns", "max_attempts_per_24_hours")
    op.drop_column("campaigns", "max_attempts_per_day")
    op.drop_column("campaigns", "max_calls_per_second")
    op.drop_column("caller_ids", "used_count")
    op.drop_column("caller_ids", "used_on")
    op.drop_column("accounts", "released_at")
    op.drop_column("accounts", "probe_at")
    op.drop_column("accounts", "limits_read_at")
    op.drop_column("accounts", "provider_reserved")
    op.drop_column("accounts", "provider_limit")
    op.drop_column("accounts", "max_calls_per_second")
    op.drop_index(op.f("ix_appointments_opens_at"), table_name="appointments")
    op.drop_table("appointments")
    op.drop_index(op.f("ix_do_not_call_entries_organization_id_phone_number"), table_name="do_not_call_entries")
    op.drop_table("do_not_call_entries")
    op.drop_table("do_not_call_lists")
    op.drop_table("paces")
