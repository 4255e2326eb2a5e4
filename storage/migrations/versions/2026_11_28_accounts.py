"""Accounts have keys of their own, sealed; campaigns are confirmed, piloted, finished and put away; calls to try."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_accounts"
down_revision: str | None = "2026_11_28_imports"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

STATUSES = "status in ('draft', 'running', 'paused', 'finished', 'archived')"
STATUSES_BEFORE = "status in ('draft', 'running', 'paused', 'finished')"


def upgrade() -> None:
    for column in ("base_url", "sealed_key", "key_fingerprint"):
        op.add_column("accounts", sa.Column(column, sa.Text(), nullable=True))
    op.create_index(
        "uq_accounts_key",
        "accounts",
        ["organization_id", "key_fingerprint"],
        unique=True,
        postgresql_where=sa.text("key_fingerprint is not null"),
    )
    op.drop_constraint(op.f("ck_campaigns_status"), "campaigns", type_="check")
    op.create_check_constraint(op.f("ck_campaigns_status"), "campaigns", STATUSES)
    op.add_column("campaigns", sa.Column("pilot_leads", sa.Integer(), nullable=True))
    for confirmed in ("disclosure_confirmed", "opt_out_confirmed"):
        op.add_column("campaigns", sa.Column(f"{confirmed}_at", sa.DateTime(timezone=True), nullable=True))
        op.add_column("campaigns", sa.Column(f"{confirmed}_by", sa.Uuid(), nullable=True))
        op.create_foreign_key(op.f(f"fk_campaigns_{confirmed}_by"), "campaigns", "users", [f"{confirmed}_by"], ["id"])
    _create_trial_calls()


def _create_trial_calls() -> None:
    op.create_table(
        "trial_calls",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("call_id", sa.Text(), nullable=True),
        sa.Column("from_number", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        *(
            sa.ForeignKeyConstraint([f"{one}_id"], [f"{one}s.id"], name=op.f(f"fk_trial_calls_{one}_id"))
            for one in ("campaign", "account", "user", "organization")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trial_calls")),
        sa.UniqueConstraint("call_id", name=op.f("uq_trial_calls_call_id")),
    )


def downgrade() -> None:
    op.drop_table("trial_calls")
    for confirmed in ("disclosure_confirmed", "opt_out_confirmed"):
        op.drop_column("campaigns", f"{confirmed}_by")
        op.drop_column("campaigns", f"{confirmed}_at")
    op.drop_column("campaigns", "pilot_leads")
    op.execute("update campaigns set status = 'finished' where status = 'archived'")
    op.drop_constraint(op.f("ck_campaigns_status"), "campaigns", type_="check")
    op.create_check_constraint(op.f("ck_campaigns_status"), "campaigns", STATUSES_BEFORE)
    op.drop_index("uq_accounts_key", table_name="accounts")
    for column in ("key_fingerprint", "sealed_key", "base_url"):
        op.drop_column("accounts", column)
