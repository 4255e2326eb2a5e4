"""Idempotency keys hold for one address each, remember where an answer led, and are found by their age."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_idempotency"
down_revision: str | None = "2026_11_28_analytics"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

TABLE = "idempotency_keys"
# Only these two kept answers until now, and only imports answered 202.
ROUTES = "case when status_code = 202 then 'POST /api/v1/leads/import' else 'POST /api/v1/leads' end"


def upgrade() -> None:
    op.add_column(TABLE, sa.Column("route", sa.Text(), nullable=True))
    op.add_column(TABLE, sa.Column("location", sa.Text(), nullable=True))
    op.execute(f"update {TABLE} set route = {ROUTES}")  # noqa: S608 - constants
    op.alter_column(TABLE, "route", nullable=False)
    op.drop_constraint(op.f("uq_idempotency_keys_organization_id_key"), TABLE, type_="unique")
    op.create_unique_constraint(
        op.f("uq_idempotency_keys_organization_id_route_key"), TABLE, ["organization_id", "route", "key"]
    )
    op.create_index(op.f("ix_idempotency_keys_created_at"), TABLE, ["created_at"])


def downgrade() -> None:
    # One key may stand for several requests now, and before for one only.
    op.execute(f"delete from {TABLE}")  # noqa: S608 - a constant
    op.drop_index(op.f("ix_idempotency_keys_created_at"), table_name=TABLE)
    op.drop_constraint(op.f("uq_idempotency_keys_organization_id_route_key"), TABLE, type_="unique")
    op.create_unique_constraint(op.f("uq_idempotency_keys_organization_id_key"), TABLE, ["organization_id", "key"])
    op.drop_column(TABLE, "location")
    op.drop_column(TABLE, "route")
