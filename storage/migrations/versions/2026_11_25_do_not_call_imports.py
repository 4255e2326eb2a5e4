"""Which import a do-not-call list belongs to, how many numbers it has, and that its first one may not have ended."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_25_do_not_call_imports"
down_revision: str | None = "2026_11_25_room_is_announced"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("do_not_call_lists", sa.Column("import_id", sa.Uuid(), nullable=True))
    op.add_column("do_not_call_lists", sa.Column("numbers", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.alter_column("do_not_call_lists", "refreshed_at", nullable=True)


def downgrade() -> None:
    # What never came to its end must not look fresh.
    op.execute("update do_not_call_lists set refreshed_at = 'epoch' where refreshed_at is null")
    op.alter_column("do_not_call_lists", "refreshed_at", nullable=False)
    op.drop_column("do_not_call_lists", "numbers")
    op.drop_column("do_not_call_lists", "import_id")
