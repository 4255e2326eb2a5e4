"""Calls that came in are told while they go on, recorded and asked after, as those that went out are.

A link that was written into a row again after its recording was ordered to be deleted goes as well.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_inbound_whole"
down_revision: str | None = "2026_11_28_accounts"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

TABLE = "inbound_calls"

TO_FETCH = (
    "recording_url is not null and recording_fetched_at is null"
    " and recording_given_up_at is null and recording_deletion is null"
)
TO_DELETE = "recording_deletion is not null and recording_path is not null"
KEPT = "recording_fetched_at is not null and recording_deletion is null"

FUNCTION = """
create function note_live_inbound() returns trigger language plpgsql as $$
begin
    insert into live_events (organization_id, transaction, inbound_call_id, kind)
    values (new.organization_id, pg_current_xact_id()::text::bigint, new.id, tg_argv[0]);
    return null;
end
$$
"""

TRIGGERS = {
    "note_live_call": "after insert on inbound_calls for each row execute function note_live_inbound('call')",
    "note_live_state": """
after update of
    status, lead_id, started_at, ended_at, duration_ms, disconnection_reason, outcome, disposition
on inbound_calls for each row
when (
    (old.status, old.lead_id, old.started_at, old.ended_at, old.duration_ms,
        old.disconnection_reason, old.outcome, old.disposition)
    is distinct from
    (new.status, new.lead_id, new.started_at, new.ended_at, new.duration_ms,
        new.disconnection_reason, new.outcome, new.disposition)
)
execute function note_live_inbound('call')
""",
    "note_live_transcript": """
after update of utterances on inbound_calls for each row when (new.utterances is not null)
execute function note_live_inbound('transcript')
""",
    "note_live_flag": """
after update of flags on inbound_calls for each row when (new.flags is not null)
execute function note_live_inbound('flag')
""",
    "announce_recording": """
after update of recording_url on inbound_calls
for each row when (
    new.recording_url is distinct from old.recording_url
    and new.recording_url is not null and new.recording_fetched_at is null
    and new.recording_given_up_at is null and new.recording_deletion is null
)
execute function announce_recording()
""",
}


def upgrade() -> None:
    _let_events_be_of_either()
    for column in (
        sa.Column("unanswered_since", sa.DateTime(timezone=True), nullable=True),
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
    _index("to_fetch", [sa.text("recording_try_at nulls first")], TO_FETCH)
    _index("to_delete", ["recording_try_at"], TO_DELETE)
    _index("kept", ["organization_id", "campaign_id", sa.text("coalesce(ended_at, recording_fetched_at)")], KEPT)
    for name in ("inbound_asked_at", "inbound_since"):
        op.add_column("followed_accounts", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.execute(FUNCTION)
    for name, definition in TRIGGERS.items():
        op.execute(f"create trigger {name} {definition}")
    op.execute(
        "update interaction_attempts set recording_url = null"
        " where recording_deletion is not null and recording_url is not null"
    )


def _let_events_be_of_either() -> None:
    op.alter_column("live_events", "attempt_id", nullable=True)
    op.add_column("live_events", sa.Column("inbound_call_id", sa.Uuid(), nullable=True))
    op.create_check_constraint("of_one_call", "live_events", "num_nonnulls(attempt_id, inbound_call_id) = 1")


def _index(name: str, columns: Sequence[str | sa.TextClause], which: str) -> None:
    op.create_index(f"ix_inbound_calls_recordings_{name}", TABLE, columns, postgresql_where=sa.text(which))


def downgrade() -> None:
    for name in TRIGGERS:
        op.execute(f"drop trigger {name} on {TABLE}")
    op.execute("drop function note_live_inbound()")
    op.drop_column("followed_accounts", "inbound_since")
    op.drop_column("followed_accounts", "inbound_asked_at")
    for index in ("kept", "to_delete", "to_fetch"):
        op.drop_index(f"ix_inbound_calls_recordings_{index}", table_name=TABLE)
    op.drop_constraint(op.f("ck_inbound_calls_recording_deletion"), TABLE, type_="check")
    for column in (
        *("deleted_at", "deletion", "given_up_at", "problem", "try_at", "tries"),
        *("fetched_at", "digest", "type", "bytes", "path"),
    ):
        op.drop_column(TABLE, f"recording_{column}")
    op.drop_column(TABLE, "unanswered_since")
    op.execute("delete from live_events where attempt_id is null")
    op.drop_constraint(op.f("ck_live_events_of_one_call"), "live_events", type_="check")
    op.drop_column("live_events", "inbound_call_id")
    op.alter_column("live_events", "attempt_id", nullable=False)
