"""What webhooks reported is kept for a while only: of older events the row stays, by which repeats are known."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_webhook_retention"
down_revision: str | None = "2026_11_29_calls_of_a_day"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

TABLE = "webhook_events"


def upgrade() -> None:
    op.add_column(TABLE, sa.Column("emptied_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_webhook_events_to_empty", TABLE, ["received_at"], postgresql_where=sa.text("emptied_at is null")
    )


def downgrade() -> None:
    op.drop_index("ix_webhook_events_to_empty", table_name=TABLE, postgresql_where=sa.text("emptied_at is null"))
    op.drop_column(TABLE, "emptied_at")
