"""Calls that come in have a table of their own, and a lead remembers that the person rang back."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "2026_11_26_inbound_calls"
down_revision: str | None = "2026_11_26_conversations"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

STATUSES = "status in ('granted', 'dialling', 'unconfirmed', 'in_progress', 'done')"
OUTCOMES = (
    "outcome in ('answered', 'voicemail', 'no_answer', 'busy', 'declined', 'failed', 'invalid_number', 'opted_out',"
    " 'callback_requested', 'transferred', 'transfer_cancelled', 'refused', 'unknown')"
)


def upgrade() -> None:
    op.create_table(
        "inbound_calls",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("lead_id", sa.Uuid(), nullable=True),
        sa.Column("campaign_id", sa.Uuid(), nullable=True),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("from_number", sa.Text(), nullable=True),
        sa.Column("to_number", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("look_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("provider_status", sa.Text(), nullable=True),
        sa.Column("disconnection_reason", sa.Text(), nullable=True),
        sa.Column("agent_id", sa.Text(), nullable=True),
        sa.Column("agent_version", sa.Integer(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("analyzed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.Column("transcript", sa.Text(), nullable=True),
        sa.Column("utterances", _json(), nullable=True),
        sa.Column("recording_url", sa.Text(), nullable=True),
        sa.Column("analysis", _json(), nullable=True),
        sa.Column("latency", _json(), nullable=True),
        sa.Column("cost_cents", sa.Numeric(), nullable=True),
        sa.Column("transfer_destination", sa.Text(), nullable=True),
        sa.Column("flags", _json(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("disposition", sa.Text(), nullable=True),
        sa.Column("callback_at", sa.Text(), nullable=True),
        sa.Column("callback_problem", sa.Text(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(status = 'done') = (outcome is not null)", name=op.f("ck_inbound_calls_done_has_an_outcome")
        ),
        sa.CheckConstraint(OUTCOMES, name=op.f("ck_inbound_calls_outcome")),
        sa.CheckConstraint(STATUSES, name=op.f("ck_inbound_calls_status")),
        *(
            sa.ForeignKeyConstraint([f"{one}_id"], [f"{one}s.id"], name=op.f(f"fk_inbound_calls_{one}_id"))
            for one in ("account", "campaign", "contact", "lead", "organization")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_calls")),
        sa.UniqueConstraint("call_id", "account_id", name=op.f("uq_inbound_calls_call_id_account_id")),
    )
    for columns in (("organization_id", "created_at", "id"), ("lead_id", "created_at"), ("contact_id", "created_at")):
        op.create_index(op.f(f"ix_inbound_calls_{'_'.join(columns)}"), "inbound_calls", columns, unique=False)
    op.create_index(
        "ix_inbound_calls_open",
        "inbound_calls",
        ["look_up_at"],
        unique=False,
        postgresql_where=sa.text("status <> 'done'"),
    )
    op.add_column("leads", sa.Column("rang_back", sa.Text(), nullable=True))
    op.create_check_constraint(op.f("ck_leads_rang_back"), "leads", "rang_back in ('reached', 'opted_out')")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_leads_rang_back"), "leads", type_="check")
    op.drop_column("leads", "rang_back")
    op.drop_table("inbound_calls")


def _json() -> postgresql.JSONB:
    return postgresql.JSONB(none_as_null=True, astext_type=sa.Text())
