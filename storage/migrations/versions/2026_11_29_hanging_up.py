"""A single call may be ended at once, without its lead: by the kill switch."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_hanging_up"
down_revision: str | None = "2026_11_29_contacts_come_free"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("interaction_attempts", sa.Column("hang_up_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("interaction_attempts", "hang_up_at")
