"""Every try to deliver an event is kept, and not only what the last one came to.

Those that were made before aren't known any more. The worker writes these rows, and none is written in a call's way, so
that they may have a foreign key where deliveries have none.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from storage.row_security import unwall, wall

revision: str = "2026_11_29_delivery_tries"
down_revision: str | None = "2026_11_28_import_cancel"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

TABLE = "event_delivery_tries"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status_code", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["event_deliveries.id"], name=op.f(f"fk_{TABLE}_delivery_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
    )
    op.create_index(op.f(f"ix_{TABLE}_delivery_id_tried_at_id"), TABLE, ["delivery_id", "tried_at", "id"])
    wall(TABLE)


def downgrade() -> None:
    unwall(TABLE)
    op.drop_table(TABLE)
