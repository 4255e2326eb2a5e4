"""Imports may be cancelled, and somebody's password may be reset by an admin of theirs."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from storage.organization_sessions import ROLE

revision: str = "2026_11_28_import_cancel"
down_revision: str | None = "2026_11_28_subscriptions"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

IMPORTS, USERS = "lead_imports", "users"
OVER_BEFORE = "'done', 'failed'"
OVER = f"{OVER_BEFORE}, 'cancelled'"


def upgrade() -> None:
    _hold_to(OVER)
    op.add_column(USERS, sa.Column("reset_hash", sa.Text(), nullable=True))
    op.add_column(USERS, sa.Column("reset_expires_at", sa.DateTime(timezone=True), nullable=True))
    op.create_unique_constraint(op.f("uq_users_reset_hash"), USERS, ["reset_hash"])
    # Another role ends a reset, in the request that gives it; what the reset is nobody there can read.
    op.execute(f"grant update (reset_hash, reset_expires_at) on {USERS} to {ROLE}")


def downgrade() -> None:
    op.drop_constraint(op.f("uq_users_reset_hash"), USERS, type_="unique")
    op.drop_column(USERS, "reset_expires_at")
    op.drop_column(USERS, "reset_hash")
    op.execute(
        f"update {IMPORTS} set status = 'failed', problem = 'It was cancelled.' where status = 'cancelled'"  # noqa: S608 - constants
    )
    _hold_to(OVER_BEFORE)


def _hold_to(over: str) -> None:
    """Which states of an import there are, and which of them have an end."""
    # Named in full: the naming convention would put its prefix before the name once more.
    for name, condition in (
        ("ck_lead_imports_status", f"status in ('queued', 'running', {over})"),
        ("ck_lead_imports_done_has_an_instant", f"(status in ({over})) = (done_at is not null)"),
    ):
        op.drop_constraint(op.f(name), IMPORTS, type_="check")
        op.create_check_constraint(op.f(name), IMPORTS, condition)
