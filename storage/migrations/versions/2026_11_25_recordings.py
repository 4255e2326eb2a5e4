"""Recordings: where each is kept and since when, who may hear those of a campaign, and for how long they stay.

A link that arrives is announced with the commit that brings it, whoever writes the row.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "2026_11_25_recordings"
down_revision: str | None = "2026_11_25_planning_anew"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

TABLE = "interaction_attempts"

TO_FETCH = (
    "recording_url is not null and recording_fetched_at is null"
    " and recording_given_up_at is null and recording_deletion is null"
)
TO_DELETE = "recording_deletion is not null and recording_path is not null"
KEPT = "recording_fetched_at is not null and recording_deletion is null"

FUNCTION = """
create function announce_recording() returns trigger language plpgsql as $$
begin
    perform pg_notify('leadline_recordings', '');
    return null;
end
$$
"""

TRIGGER = """
create trigger announce_recording after update of recording_url on interaction_attempts
for each row when (
    new.recording_url is distinct from old.recording_url
    and new.recording_url is not null and new.recording_fetched_at is null
    and new.recording_given_up_at is null and new.recording_deletion is null
)
execute function announce_recording()
"""


def upgrade() -> None:
    for column in (
        sa.Column("recording_path", sa.Text(), nullable=True),
        sa.Column("recording_bytes", sa.BigInteger(), nullable=True),
        sa.Column("recording_type", sa.Text(), nullable=True),
        sa.Column("recording_digest", sa.Text(), nullable=True),
        sa.Column("recording_fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recording_tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("recording_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recording_problem", sa.Text(), nullable=True),
        sa.Column("recording_given_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recording_deletion", sa.Text(), nullable=True),
        sa.Column("recording_deleted_at", sa.DateTime(timezone=True), nullable=True),
    ):
        op.add_column(TABLE, column)
    op.create_check_constraint("recording_deletion", TABLE, "recording_deletion in ('retention', 'erasure')")
    op.create_index(
        "ix_attempts_recordings_to_fetch",
        TABLE,
        [sa.text("recording_try_at nulls first")],
        postgresql_where=sa.text(TO_FETCH),
    )
    op.create_index(
        "ix_attempts_recordings_to_delete", TABLE, ["recording_try_at"], postgresql_where=sa.text(TO_DELETE)
    )
    op.create_index(
        "ix_attempts_recordings_kept",
        TABLE,
        ["campaign_id", sa.text("coalesce(ended_at, recording_fetched_at)")],
        postgresql_where=sa.text(KEPT),
    )
    op.add_column("campaigns", sa.Column("recording_days", sa.Integer(), nullable=True))
    op.add_column("campaigns", sa.Column("recordings_for", postgresql.ARRAY(sa.Text()), nullable=True))
    op.execute(FUNCTION)
    op.execute(TRIGGER)


def downgrade() -> None:
    op.execute(f"drop trigger announce_recording on {TABLE}")
    op.execute("drop function announce_recording()")
    op.drop_column("campaigns", "recordings_for")
    op.drop_column("campaigns", "recording_days")
    for index in ("kept", "to_delete", "to_fetch"):
        op.drop_index(f"ix_attempts_recordings_{index}", table_name=TABLE)
    op.drop_constraint(op.f("ck_interaction_attempts_recording_deletion"), TABLE, type_="check")
    for column in (
        *("deleted_at", "deletion", "given_up_at", "problem", "try_at", "tries"),
        *("fetched_at", "digest", "type", "bytes", "path"),
    ):
        op.drop_column(TABLE, f"recording_{column}")
