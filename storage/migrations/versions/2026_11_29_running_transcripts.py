"""Calls know how far the transcript goes that stands with them, so that none which knows less takes its place.

Of what stands there already that isn't known. It gives way to whatever tells of a call that is over; and while a call
goes on, to the next running transcript.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_running_transcripts"
down_revision: str | None = "2026_11_29_webhook_retention"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

TABLES = ("interaction_attempts", "inbound_calls")
COLUMN = "transcript_reach"

# Greater than any of a call that goes on, which begin with 0, and smaller than any of one that is over.
FROM_BEFORE = "'{1}'"


def upgrade() -> None:
    for table in TABLES:
        # By a default, so that no row has to be written anew.
        op.add_column(
            table, sa.Column(COLUMN, sa.ARRAY(sa.Integer()), server_default=sa.text(FROM_BEFORE), nullable=True)
        )
        op.alter_column(table, COLUMN, server_default=None)
        op.execute(f"update {table} set {COLUMN} = null where status <> 'done' and ended_at is null")  # noqa: S608 - constants


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_column(table, COLUMN)
