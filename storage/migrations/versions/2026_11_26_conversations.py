"""What comes of conversations: appointments, transfers and their outcome, and how much the next agent is told."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "2026_11_26_conversations"
down_revision: str | None = "2026_11_26_caps_are_announced"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ATTEMPTS, CAMPAIGNS = "interaction_attempts", "campaigns"

OUTCOMES = (
    *("answered", "voicemail", "no_answer", "busy", "declined", "failed", "invalid_number", "opted_out"),
    *("callback_requested", "transferred", "transfer_cancelled", "refused", "unknown"),
)


def upgrade() -> None:
    op.add_column(ATTEMPTS, sa.Column("transfers", _json(), nullable=True))
    op.add_column(ATTEMPTS, sa.Column("appointment_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(ATTEMPTS, sa.Column("appointment_written", sa.Text(), nullable=True))
    op.add_column(ATTEMPTS, sa.Column("appointment_problem", sa.Text(), nullable=True))
    op.add_column(CAMPAIGNS, sa.Column("transfer_hours", _json(), nullable=True))
    op.add_column(CAMPAIGNS, sa.Column("memory_tokens", sa.Integer(), server_default=sa.text("300"), nullable=False))
    _allow_outcomes(OUTCOMES)


def downgrade() -> None:
    # What the older program knows of it: a talk that ended.
    op.execute("update interaction_attempts set outcome = 'answered' where outcome = 'transfer_cancelled'")
    _allow_outcomes([outcome for outcome in OUTCOMES if outcome != "transfer_cancelled"])
    op.drop_column(CAMPAIGNS, "memory_tokens")
    op.drop_column(CAMPAIGNS, "transfer_hours")
    for column in ("appointment_problem", "appointment_written", "appointment_at", "transfers"):
        op.drop_column(ATTEMPTS, column)


def _allow_outcomes(outcomes: Sequence[str]) -> None:
    names = ", ".join(f"'{outcome}'" for outcome in outcomes)
    op.drop_constraint(op.f("ck_interaction_attempts_outcome"), ATTEMPTS, type_="check")
    op.create_check_constraint(op.f("ck_interaction_attempts_outcome"), ATTEMPTS, f"outcome in ({names})")


def _json() -> postgresql.JSONB:
    return postgresql.JSONB(none_as_null=True, astext_type=sa.Text())
