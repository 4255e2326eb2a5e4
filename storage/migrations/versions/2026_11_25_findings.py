"""Leads are handed over nearest due first in each campaign, and those that should have acted and didn't are found."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_25_findings"
down_revision: str | None = "2026_11_25_provider_figures"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

NOT_HANDED_OVER = sa.text("handed_over_at is null and status <> 'done'")
ACTS_AT = "coalesce(next_attempt_at, due_at, handed_over_at)"
SILENT = sa.text(f"status = 'new' and handed_over_at is not null and (planned_at is null or planned_at < {ACTS_AT})")


def upgrade() -> None:
    op.drop_index("ix_leads_to_hand_over", table_name="leads", postgresql_where=NOT_HANDED_OVER)
    op.create_index(
        "ix_leads_to_hand_over",
        "leads",
        ["campaign_id", sa.text("coalesce(due_at, not_before, created_at)")],
        unique=False,
        postgresql_where=NOT_HANDED_OVER,
    )
    op.create_index("ix_leads_silent", "leads", [sa.text(ACTS_AT), "id"], unique=False, postgresql_where=SILENT)


def downgrade() -> None:
    op.drop_index("ix_leads_silent", table_name="leads", postgresql_where=SILENT)
    op.drop_index("ix_leads_to_hand_over", table_name="leads", postgresql_where=NOT_HANDED_OVER)
    op.create_index(
        "ix_leads_to_hand_over",
        "leads",
        ["due_at", "created_at"],
        unique=False,
        postgresql_where=NOT_HANDED_OVER,
    )
