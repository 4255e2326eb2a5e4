"""A slot that comes free is announced with the commit that frees it, whoever writes the row."""

from collections.abc import Sequence

from alembic import op

revision: str = "2026_11_25_room_is_announced"
down_revision: str | None = "2026_11_25_rules_of_calling"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

FUNCTION = """
create function announce_room() returns trigger language plpgsql as $$
begin
    perform pg_notify('leadline_room', new.number_pool_id::text);
    return null;
end
$$
"""

TRIGGER = """
create trigger announce_room after update of slot_released_at on interaction_attempts
for each row when (old.slot_released_at is null and new.slot_released_at is not null)
execute function announce_room()
"""


def upgrade() -> None:
    op.execute(FUNCTION)
    op.execute(TRIGGER)


def downgrade() -> None:
    op.execute("drop trigger announce_room on interaction_attempts")
    op.execute("drop function announce_room()")
