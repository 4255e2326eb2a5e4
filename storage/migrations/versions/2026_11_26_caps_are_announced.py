"""A cap that was changed, or a campaign that dials through another pool, may make room: it is announced at once.

With the commit and whoever writes the row, as a slot that comes free is. Of a rare word too many nothing comes: whoever
hears it looks once whether there is room.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "2026_11_26_caps_are_announced"
down_revision: str | None = "2026_11_25_live_calls"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

CAPS = ("max_live_calls", "max_calls_per_second")
COLUMNS = {
    "number_pools": (*CAPS, "max_calls_per_number_per_day"),
    "accounts": CAPS,
    "organizations": CAPS,
    "campaigns": (*CAPS, "number_pool_id"),
}
POOLS = {
    "number_pools": "id = new.id",
    "accounts": "account_id = new.id",
    "organizations": "organization_id = new.id",
    "campaigns": "id = new.number_pool_id",
}


def upgrade() -> None:
    for table, columns in COLUMNS.items():
        op.execute(_function(table))
        op.execute(_trigger(table, columns))


def downgrade() -> None:
    for table in COLUMNS:
        op.execute(f"drop trigger announce_caps on {table}")
        op.execute(f"drop function announce_caps_of_{table}()")


def _function(table: str) -> str:
    return f"""
create function announce_caps_of_{table}() returns trigger language plpgsql as $$
begin
    perform pg_notify('leadline_room', id::text) from number_pools where {POOLS[table]};
    return null;
end
$$
"""


def _trigger(table: str, columns: Sequence[str]) -> str:
    new, old = (", ".join(f"{which}.{column}" for column in columns) for which in ("new", "old"))
    return f"""
create trigger announce_caps after update of {", ".join(columns)} on {table}
for each row when (({new}) is distinct from ({old}))
execute function announce_caps_of_{table}()
"""
