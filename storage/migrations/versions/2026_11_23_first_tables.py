"""Organisations, accounts, campaigns, contacts, leads, attempts, and the inbox."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "2026_11_23_first_tables"
down_revision: str | None = None
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "organizations",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("max_live_calls", sa.Integer(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organizations")),
    )
    op.create_table(
        "users",
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("token_version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
    )
    op.create_table(
        "accounts",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("max_live_calls", sa.Integer(), nullable=True),
        sa.Column("parked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("parked_reason", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("provider in ('retell', 'simulator')", name=op.f("ck_accounts_provider")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_accounts_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
    )
    op.create_index(
        "uq_accounts_default",
        "accounts",
        ["organization_id", "provider"],
        unique=True,
        postgresql_where=sa.text("is_default"),
    )
    op.create_table(
        "audit_log",
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=True),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_audit_log_organization_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_audit_log_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )
    op.create_index(
        op.f("ix_audit_log_organization_id_created_at"), "audit_log", ["organization_id", "created_at"], unique=False
    )
    op.create_table(
        "contacts",
        sa.Column("phone_number", sa.Text(), nullable=False),
        sa.Column("do_not_call_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("do_not_call_reason", sa.Text(), nullable=True),
        sa.Column("do_not_call_source", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_contacts_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
        sa.UniqueConstraint("organization_id", "phone_number", name=op.f("uq_contacts_organization_id_phone_number")),
    )
    op.create_index(
        "ix_contacts_do_not_call",
        "contacts",
        ["organization_id", "do_not_call_at", "id"],
        unique=False,
        postgresql_where=sa.text("do_not_call_at is not null"),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.Text(), nullable=False),
        sa.Column("status_code", sa.Integer(), nullable=True),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_idempotency_keys_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idempotency_keys")),
        sa.UniqueConstraint("organization_id", "key", name=op.f("uq_idempotency_keys_organization_id_key")),
    )
    op.create_table(
        "memberships",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint("role in ('admin', 'operator', 'viewer')", name=op.f("ck_memberships_role")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_memberships_organization_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_memberships_user_id")),
        sa.PrimaryKeyConstraint("organization_id", "user_id", name=op.f("pk_memberships")),
    )
    op.create_index(op.f("ix_memberships_user_id"), "memberships", ["user_id"], unique=False)
    op.create_table(
        "number_pools",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("max_live_calls", sa.Integer(), nullable=False),
        sa.Column("max_calls_per_second", sa.Double(), nullable=False),
        sa.Column("max_calls_per_number_per_day", sa.Integer(), nullable=True),
        sa.Column("cost_per_minute", sa.Numeric(), nullable=True),
        sa.Column("next_dial_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("parked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("parked_reason", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "carrier in ('twilio', 'plivo', 'telnyx', 'vonage', 'retell', 'custom')",
            name=op.f("ck_number_pools_carrier"),
        ),
        sa.CheckConstraint("max_live_calls >= 1 and max_calls_per_second > 0", name=op.f("ck_number_pools_limits")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_number_pools_account_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_number_pools_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_number_pools")),
        sa.UniqueConstraint("organization_id", "name", name=op.f("uq_number_pools_organization_id_name")),
    )
    op.create_index(op.f("ix_number_pools_account_id"), "number_pools", ["account_id"], unique=False)
    op.create_table(
        "caller_ids",
        sa.Column("number_pool_id", sa.Uuid(), nullable=False),
        sa.Column("phone_number", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resting_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["number_pool_id"], ["number_pools.id"], name=op.f("fk_caller_ids_number_pool_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_caller_ids_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_caller_ids")),
        sa.UniqueConstraint("number_pool_id", "phone_number", name=op.f("uq_caller_ids_number_pool_id_phone_number")),
    )
    op.create_table(
        "campaigns",
        sa.Column("number_pool_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=True),
        sa.Column("agent_version", sa.Text(), nullable=True),
        sa.Column("windows", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("calling_rules", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("retry_delays", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("ring_seconds", sa.Integer(), nullable=False),
        sa.Column("max_call_seconds", sa.Integer(), nullable=False),
        sa.Column("max_live_calls", sa.Integer(), nullable=True),
        sa.Column("voicemail", sa.Text(), nullable=False),
        sa.Column("duplicate_numbers", sa.Text(), nullable=False),
        sa.Column("transfer_number", sa.Text(), nullable=True),
        sa.Column("require_consent", sa.Boolean(), nullable=False),
        sa.Column("budget", sa.Numeric(), nullable=True),
        sa.Column("launched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("parked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("parked_reason", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("calling_rules in ('strict', 'federal', 'off')", name=op.f("ck_campaigns_calling_rules")),
        sa.CheckConstraint(
            "duplicate_numbers in ('reuse', 'refuse', 'allow')", name=op.f("ck_campaigns_duplicate_numbers")
        ),
        sa.CheckConstraint("purpose in ('telemarketing', 'informational')", name=op.f("ck_campaigns_purpose")),
        sa.CheckConstraint("status in ('draft', 'running', 'paused', 'finished')", name=op.f("ck_campaigns_status")),
        sa.CheckConstraint("voicemail in ('hang_up', 'leave_message')", name=op.f("ck_campaigns_voicemail")),
        sa.ForeignKeyConstraint(["number_pool_id"], ["number_pools.id"], name=op.f("fk_campaigns_number_pool_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_campaigns_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
        sa.UniqueConstraint("organization_id", "name", name=op.f("uq_campaigns_organization_id_name")),
    )
    op.create_index(op.f("ix_campaigns_number_pool_id"), "campaigns", ["number_pool_id"], unique=False)
    op.create_table(
        "leads",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("postal_code", sa.Text(), nullable=True),
        sa.Column("time_zones", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("time_zone_source", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("consent", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("custom_fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("blocked_reason", sa.Text(), nullable=True),
        sa.Column("disposition", sa.Text(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waiting_for", sa.Text(), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hang_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("called_ahead_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("earlier_attempts", sa.Integer(), nullable=False),
        sa.Column("handed_over_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("(status = 'done') = (outcome is not null)", name=op.f("ck_leads_done_has_an_outcome")),
        sa.CheckConstraint(
            "outcome in ('reached', 'max_attempts_reached', 'opted_out', 'invalid_number', 'cancelled', 'blocked', 'erased')",
            name=op.f("ck_leads_outcome"),
        ),
        sa.CheckConstraint("status in ('new', 'in_progress', 'done')", name=op.f("ck_leads_status")),
        sa.CheckConstraint("priority between 1 and 5", name=op.f("ck_leads_priority")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_leads_campaign_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_leads_contact_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_leads_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leads")),
    )
    op.create_index(
        op.f("ix_leads_campaign_id_created_at_id"), "leads", ["campaign_id", "created_at", "id"], unique=False
    )
    op.create_index(op.f("ix_leads_contact_id"), "leads", ["contact_id"], unique=False)
    op.create_index(
        "ix_leads_due",
        "leads",
        ["campaign_id", "priority", "due_at"],
        unique=False,
        postgresql_where=sa.text("status = 'new'"),
    )
    op.create_index(
        op.f("ix_leads_organization_id_created_at_id"), "leads", ["organization_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_leads_to_hand_over",
        "leads",
        ["due_at", "created_at"],
        unique=False,
        postgresql_where=sa.text("handed_over_at is null and status <> 'done'"),
    )
    op.create_index(
        "uq_leads_external_id",
        "leads",
        ["campaign_id", "external_id"],
        unique=True,
        postgresql_where=sa.text("external_id is not null"),
    )
    op.create_table(
        "interaction_attempts",
        sa.Column("lead_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("number_pool_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("from_number", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_body", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("first_sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("look_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("slot_released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("call_id", sa.Text(), nullable=True),
        sa.Column("provider_status", sa.Text(), nullable=True),
        sa.Column("disconnection_reason", sa.Text(), nullable=True),
        sa.Column("agent_id", sa.Text(), nullable=True),
        sa.Column("agent_version", sa.Integer(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("analyzed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.Column("transcript", sa.Text(), nullable=True),
        sa.Column("utterances", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("recording_url", sa.Text(), nullable=True),
        sa.Column("analysis", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("latency", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("cost_cents", sa.Numeric(), nullable=True),
        sa.Column("transfer_destination", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("counts", sa.Boolean(), nullable=True),
        sa.Column("disposition", sa.Text(), nullable=True),
        sa.Column("callback_at", sa.Text(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(status = 'done') <= (slot_released_at is not null)",
            name=op.f("ck_interaction_attempts_done_holds_no_slot"),
        ),
        sa.CheckConstraint(
            "(status = 'done') = (outcome is not null)", name=op.f("ck_interaction_attempts_done_has_an_outcome")
        ),
        sa.CheckConstraint(
            "outcome in ('answered', 'voicemail', 'no_answer', 'busy', 'declined', 'failed', 'invalid_number', 'opted_out', 'callback_requested', 'transferred', 'refused', 'unknown')",
            name=op.f("ck_interaction_attempts_outcome"),
        ),
        sa.CheckConstraint(
            "status in ('granted', 'dialling', 'unconfirmed', 'in_progress', 'done')",
            name=op.f("ck_interaction_attempts_status"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_interaction_attempts_account_id")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_interaction_attempts_campaign_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_interaction_attempts_contact_id")),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_interaction_attempts_lead_id")),
        sa.ForeignKeyConstraint(
            ["number_pool_id"], ["number_pools.id"], name=op.f("fk_interaction_attempts_number_pool_id")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_interaction_attempts_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interaction_attempts")),
        sa.UniqueConstraint("call_id", name=op.f("uq_interaction_attempts_call_id")),
        sa.UniqueConstraint("lead_id", "number", name=op.f("uq_interaction_attempts_lead_id_number")),
    )
    op.create_index("ix_attempts_contact", "interaction_attempts", ["contact_id", "first_sent_at"], unique=False)
    op.create_index(
        "ix_attempts_live_campaign",
        "interaction_attempts",
        ["campaign_id"],
        unique=False,
        postgresql_where=sa.text("slot_released_at is null"),
    )
    op.create_index(
        "ix_attempts_live_pool",
        "interaction_attempts",
        ["number_pool_id"],
        unique=False,
        postgresql_where=sa.text("slot_released_at is null"),
    )
    op.create_index(
        "ix_attempts_open",
        "interaction_attempts",
        ["look_up_at"],
        unique=False,
        postgresql_where=sa.text("status <> 'done'"),
    )
    op.create_index(
        op.f("ix_interaction_attempts_organization_id_created_at_id"),
        "interaction_attempts",
        ["organization_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "uq_attempts_live_contact",
        "interaction_attempts",
        ["contact_id"],
        unique=True,
        postgresql_where=sa.text("slot_released_at is null"),
    )
    op.create_index(
        "uq_attempts_open_lead",
        "interaction_attempts",
        ["lead_id"],
        unique=True,
        postgresql_where=sa.text("status <> 'done'"),
    )
    op.create_table(
        "webhook_events",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("attempt_id", sa.Uuid(), nullable=True),
        sa.Column("event_key", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "received_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("forwarded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_webhook_events_account_id")),
        sa.ForeignKeyConstraint(["attempt_id"], ["interaction_attempts.id"], name=op.f("fk_webhook_events_attempt_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_webhook_events_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_events")),
        sa.UniqueConstraint("account_id", "event_key", name=op.f("uq_webhook_events_account_id_event_key")),
    )
    op.create_index(
        op.f("ix_webhook_events_attempt_id_received_at"), "webhook_events", ["attempt_id", "received_at"], unique=False
    )
    op.create_index(op.f("ix_webhook_events_call_id"), "webhook_events", ["call_id"], unique=False)
    op.create_index(
        "ix_webhook_events_to_forward",
        "webhook_events",
        ["received_at"],
        unique=False,
        postgresql_where=sa.text("forwarded_at is null"),
    )


def downgrade() -> None:
    op.drop_index(
        "ix_webhook_events_to_forward", table_name="webhook_events", postgresql_where=sa.text("forwarded_at is null")
    )
    op.drop_index(op.f("ix_webhook_events_call_id"), table_name="webhook_events")
    op.drop_index(op.f("ix_webhook_events_attempt_id_received_at"), table_name="webhook_events")
    op.drop_table("webhook_events")
    op.drop_index(
        "uq_attempts_open_lead", table_name="interaction_attempts", postgresql_where=sa.text("status <> 'done'")
    )
    op.drop_index(
        "uq_attempts_live_contact",
        table_name="interaction_attempts",
        postgresql_where=sa.text("slot_released_at is null"),
    )
    op.drop_index(op.f("ix_interaction_attempts_organization_id_created_at_id"), table_name="interaction_attempts")
    op.drop_index("ix_attempts_open", table_name="interaction_attempts", postgresql_where=sa.text("status <> 'done'"))
    op.drop_index(
        "ix_attempts_live_pool", table_name="interaction_attempts", postgresql_where=sa.text("slot_released_at is null")
    )
    op.drop_index(
        "ix_attempts_live_campaign",
        table_name="interaction_attempts",
        postgresql_where=sa.text("slot_released_at is null"),
    )
    op.drop_index("ix_attempts_contact", table_name="interaction_attempts")
    op.drop_table("interaction_attempts")
    op.drop_index("uq_leads_external_id", table_name="leads", postgresql_where=sa.text("external_id is not null"))
    op.drop_index(
        "ix_leads_to_hand_over",
        table_name="leads",
        postgresql_where=sa.text("handed_over_at is null and status <> 'done'"),
    )
    op.drop_index(op.f("ix_leads_organization_id_created_at_id"), table_name="leads")
    op.drop_index("ix_leads_due", table_name="leads", postgresql_where=sa.text("status = 'new'"))
    op.drop_index(op.f("ix_leads_contact_id"), table_name="leads")
    op.drop_index(op.f("ix_leads_campaign_id_created_at_id"), table_name="leads")
    op.drop_table("leads")
    op.drop_index(op.f("ix_campaigns_number_pool_id"), table_name="campaigns")
    op.drop_table("campaigns")
    op.drop_table("caller_ids")
    op.drop_index(op.f("ix_number_pools_account_id"), table_name="number_pools")
    op.drop_table("number_pools")
    op.drop_index(op.f("ix_memberships_user_id"), table_name="memberships")
    op.drop_table("memberships")
    op.drop_table("idempotency_keys")
    op.drop_index(
        "ix_contacts_do_not_call", table_name="contacts", postgresql_where=sa.text("do_not_call_at is not null")
    )
    op.drop_table("contacts")
    op.drop_index(op.f("ix_audit_log_organization_id_created_at"), table_name="audit_log")
    op.drop_table("audit_log")
    op.drop_index("uq_accounts_default", table_name="accounts", postgresql_where=sa.text("is_default"))
    op.drop_table("accounts")
    op.drop_table("users")
    op.drop_table("organizations")
