"""What a campaign has spent is asked at each of its calls, and a budget that is changed is announced as a cap is."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_budgets"
down_revision: str | None = "2026_11_29_hanging_up"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

CAPS = ("max_live_calls", "max_calls_per_second", "number_pool_id")


def upgrade() -> None:
    op.create_index(
        "ix_call_sums_spent",
        "call_sums",
        ["campaign_id"],
        postgresql_where=sa.text("dimension = 'source' and grain = 'day'"),
    )
    op.create_index("ix_analytics_marks_calls", "analytics_marks", ["id"], postgresql_where=sa.text("kind = 'call'"))
    _announce((*CAPS, "budget"))


def downgrade() -> None:
    _announce(CAPS)
    op.drop_index("ix_analytics_marks_calls", table_name="analytics_marks")
    op.drop_index("ix_call_sums_spent", table_name="call_sums")


def _announce(columns: Sequence[str]) -> None:
    new, old = (", ".join(f"{which}.{column}" for column in columns) for which in ("new", "old"))
    op.execute("drop trigger announce_caps on campaigns")
    op.execute(f"""
create trigger announce_caps after update of {", ".join(columns)} on campaigns
for each row when (({new}) is distinct from ({old}))
execute function announce_caps_of_campaigns()
""")
