"""People are erased: shells of their rows, numbers that are never called again, calls that the provider is to delete."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_rights"
down_revision: str | None = "2026_11_28_inbound_whole"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

SHELLS = ("contacts", "interaction_attempts", "inbound_calls")


def upgrade() -> None:
    for table in SHELLS:
        op.add_column(table, _instant("erased_at", nullable=True))
    op.create_table(
        "suppression_keys",
        _organization(),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        _of_organization("suppression_keys"),
        sa.PrimaryKeyConstraint("organization_id", name=op.f("pk_suppression_keys")),
    )
    op.create_table(
        "suppressions",
        _organization(),
        sa.Column("number_hash", sa.LargeBinary(), nullable=False),
        _instant("suppressed_at", default="clock_timestamp()"),
        _of_organization("suppressions"),
        sa.PrimaryKeyConstraint("organization_id", "number_hash", name=op.f("pk_suppressions")),
    )
    _create_call_deletions()


def _create_call_deletions() -> None:
    op.create_table(
        "call_deletions",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        _instant("try_at", default="clock_timestamp()"),
        sa.Column("problem", sa.Text(), nullable=True),
        _instant("deleted_at", nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        _instant("created_at", default="clock_timestamp()"),
        _organization(),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_call_deletions_account_id")),
        _of_organization("call_deletions"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_deletions")),
        sa.UniqueConstraint("account_id", "call_id", name=op.f("uq_call_deletions_account_id_call_id")),
    )
    op.create_index(
        "ix_call_deletions_due", "call_deletions", ["try_at"], postgresql_where=sa.text("deleted_at is null")
    )
    op.create_index(
        op.f("ix_call_deletions_organization_id_created_at"), "call_deletions", ["organization_id", "created_at"]
    )


def _instant(name: str, *, nullable: bool = False, default: str | None = None) -> sa.Column[object]:
    given = None if default is None else sa.text(default)
    return sa.Column(name, sa.DateTime(timezone=True), server_default=given, nullable=nullable)


def _organization() -> sa.Column[object]:
    return sa.Column("organization_id", sa.Uuid(), nullable=False)


def _of_organization(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f(f"fk_{table}_organization_id"))


def downgrade() -> None:
    for table in ("call_deletions", "suppressions", "suppression_keys"):
        op.drop_table(table)
    for table in SHELLS:
        op.drop_column(table, "erased_at")
