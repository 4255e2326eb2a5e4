"""Live calls of an account that aren't ours, and since when we have counted more of ours than the provider has."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_25_provider_figures"
down_revision: str | None = "2026_11_25_do_not_call_imports"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("accounts", sa.Column("provider_elsewhere", sa.Integer(), nullable=True))
    op.add_column("accounts", sa.Column("overcounted_since", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("accounts", "overcounted_since")
    op.drop_column("accounts", "provider_elsewhere")
