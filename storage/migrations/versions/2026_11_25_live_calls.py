"""What changes about a call is noted for those who listen; campaigns have phrases to listen for, attempts their flags.

The notes are written by triggers, in the transaction that changes the attempt and whoever changes it. Nobody is
notified by them: a commit that notifies holds a lock of the whole database until it is on the disk, so that commits
queue up.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "2026_11_25_live_calls"
down_revision: str | None = "2026_11_25_followed_accounts"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

FUNCTION = """
create function note_live_event() returns trigger language plpgsql as $$
begin
    insert into live_events (organization_id, transaction, attempt_id, kind)
    values (new.organization_id, pg_current_xact_id()::text::bigint, new.id, tg_argv[0]);
    return null;
end
$$
"""

TRIGGERS = {
    "note_live_grant": "after insert on interaction_attempts for each row execute function note_live_event('call')",
    "note_live_state": """
after update of
    status, call_id, started_at, ended_at, duration_ms, disconnection_reason, outcome, disposition
on interaction_attempts for each row
when (
    (old.status, old.call_id, old.started_at, old.ended_at, old.duration_ms,
        old.disconnection_reason, old.outcome, old.disposition)
    is distinct from
    (new.status, new.call_id, new.started_at, new.ended_at, new.duration_ms,
        new.disconnection_reason, new.outcome, new.disposition)
)
execute function note_live_event('call')
""",
    "note_live_transcript": """
after update of utterances on interaction_attempts for each row when (new.utterances is not null)
execute function note_live_event('transcript')
""",
    "note_live_flag": """
after update of flags on interaction_attempts for each row when (new.flags is not null)
execute function note_live_event('flag')
""",
}


def upgrade() -> None:
    op.create_table(
        "live_events",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("transaction", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("attempt_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.CheckConstraint("kind in ('call', 'transcript', 'flag')", name=op.f("ck_live_events_kind")),
        sa.PrimaryKeyConstraint("organization_id", "transaction", "id", name=op.f("pk_live_events")),
    )
    op.add_column("campaigns", sa.Column("live_phrases", _objects(), nullable=True))
    op.add_column("interaction_attempts", sa.Column("flags", _objects(), nullable=True))
    op.create_index(
        op.f("ix_interaction_attempts_campaign_id_created_at_id"),
        "interaction_attempts",
        ["campaign_id", "created_at", "id"],
        unique=False,
    )
    op.execute(FUNCTION)
    for name, definition in TRIGGERS.items():
        op.execute(f"create trigger {name} {definition}")


def downgrade() -> None:
    for name in TRIGGERS:
        op.execute(f"drop trigger {name} on interaction_attempts")
    op.execute("drop function note_live_event()")
    op.drop_index(op.f("ix_interaction_attempts_campaign_id_created_at_id"), table_name="interaction_attempts")
    op.drop_column("interaction_attempts", "flags")
    op.drop_column("campaigns", "live_phrases")
    op.drop_table("live_events")


def _objects() -> postgresql.JSONB:
    return postgresql.JSONB(none_as_null=True, astext_type=sa.Text())
