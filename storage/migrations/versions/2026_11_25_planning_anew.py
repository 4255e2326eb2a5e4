"""Leads whose window went by are found by an index, and whoever plans anew hears of it with the commit.

Without the index everybody who waits would be read. A campaign of which something was changed that decides when its
leads may be called, and an organisation that is started again, are announced whoever writes the row.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_25_planning_anew"
down_revision: str | None = "2026_11_25_findings"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

CAMPAIGN_FUNCTION = """
create function announce_plan() returns trigger language plpgsql as $$
begin
    perform pg_notify('leadline_room', 'plan ' || new.number_pool_id::text);
    return null;
end
$$
"""

CAMPAIGN_TRIGGER = """
create trigger announce_plan after update of replanned_at on campaigns
for each row when (new.replanned_at is distinct from old.replanned_at)
execute function announce_plan()
"""

ORGANIZATION_FUNCTION = """
create function announce_start() returns trigger language plpgsql as $$
begin
    perform pg_notify('leadline_room', 'plan ' || id::text) from number_pools where organization_id = new.id;
    return null;
end
$$
"""

ORGANIZATION_TRIGGER = """
create trigger announce_start after update of stopped_at on organizations
for each row when (old.stopped_at is not null and new.stopped_at is null)
execute function announce_start()
"""


def upgrade() -> None:
    op.create_index(
        "ix_leads_open_until",
        "leads",
        ["campaign_id", "open_until"],
        unique=False,
        postgresql_where=sa.text("status = 'new'"),
    )
    for statement in (CAMPAIGN_FUNCTION, CAMPAIGN_TRIGGER, ORGANIZATION_FUNCTION, ORGANIZATION_TRIGGER):
        op.execute(statement)


def downgrade() -> None:
    op.execute("drop trigger announce_start on organizations")
    op.execute("drop function announce_start()")
    op.execute("drop trigger announce_plan on campaigns")
    op.execute("drop function announce_plan()")
    op.drop_index("ix_leads_open_until", table_name="leads", postgresql_where=sa.text("status = 'new'"))
