"""Files of leads, and indexes for parts of names and numbers and for what people did to one thing.

``pg_trgm`` is a trusted extension: the role that migrates needs the right to create in its database, no more.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "2026_11_28_imports"
down_revision: str | None = "2026_11_28_people"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ONE_IMPORT = ["lead_imports.id"]


def upgrade() -> None:
    op.execute("create extension if not exists pg_trgm")
    op.create_index(
        "ix_contacts_phone_number_parts",
        "contacts",
        ["phone_number"],
        postgresql_using="gin",
        postgresql_ops={"phone_number": "gin_trgm_ops"},
    )
    op.create_index(
        "ix_leads_name_parts", "leads", ["name"], postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}
    )
    op.create_index(
        "ix_leads_organization_id_external_id",
        "leads",
        ["organization_id", "external_id"],
        postgresql_where=sa.text("external_id is not null"),
    )
    _create_imports()
    for table, column, of_type in (
        ("lead_import_pieces", "number", [sa.Column("content", sa.LargeBinary(), nullable=False)]),
        (
            "lead_import_rejections",
            "row_number",
            [
                sa.Column("reason", sa.Text(), nullable=False),
                sa.Column("cells", postgresql.ARRAY(sa.Text()), nullable=False),
            ],
        ),
    ):
        op.create_table(
            table,
            sa.Column("import_id", sa.Uuid(), nullable=False),
            sa.Column(column, sa.Integer(), nullable=False),
            *of_type,
            sa.ForeignKeyConstraint(["import_id"], ONE_IMPORT, name=op.f(f"fk_{table}_import_id"), ondelete="CASCADE"),
            sa.PrimaryKeyConstraint("import_id", column, name=op.f(f"pk_{table}")),
        )


def _create_imports() -> None:
    op.create_table(
        "lead_imports",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("file_name", sa.Text(), nullable=True),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("encoding", sa.Text(), nullable=False),
        sa.Column("delimiter", sa.Text(), nullable=True),
        sa.Column("columns", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("targets", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("mapping", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("bytes_total", sa.BigInteger(), nullable=False),
        sa.Column("bytes_read", sa.BigInteger(), nullable=False),
        sa.Column("row_number", sa.Integer(), nullable=False),
        sa.Column("rows_total", sa.Integer(), nullable=True),
        sa.Column("rows_accepted", sa.Integer(), nullable=False),
        sa.Column("rows_duplicate", sa.Integer(), nullable=False),
        sa.Column("rows_rejected", sa.Integer(), nullable=False),
        sa.Column("touched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rejections_deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("status in ('queued', 'running', 'done', 'failed')", name=op.f("ck_lead_imports_status")),
        sa.CheckConstraint("format in ('csv', 'ndjson')", name=op.f("ck_lead_imports_format")),
        sa.CheckConstraint(
            "(status in ('done', 'failed')) = (done_at is not null)", name=op.f("ck_lead_imports_done_has_an_instant")
        ),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_lead_imports_campaign_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_lead_imports_organization_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_lead_imports_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_imports")),
    )
    op.create_index(op.f("ix_lead_imports_campaign_id"), "lead_imports", ["campaign_id"])
    op.create_index(
        op.f("ix_lead_imports_organization_id_created_at_id"), "lead_imports", ["organization_id", "created_at", "id"]
    )
    op.create_index(
        "ix_lead_imports_open",
        "lead_imports",
        ["touched_at"],
        postgresql_where=sa.text("status in ('queued', 'running')"),
    )
    op.create_index(
        "ix_lead_imports_with_rejections",
        "lead_imports",
        ["done_at"],
        postgresql_where=sa.text("rejections_deleted_at is null and rows_rejected > 0"),
    )


def downgrade() -> None:
    for table in ("lead_import_rejections", "lead_import_pieces", "lead_imports"):
        op.drop_table(table)
    # The extension stays: somebody else may use it.
    op.drop_index("ix_leads_organization_id_external_id", table_name="leads")
    op.drop_index("ix_leads_name_parts", table_name="leads")
    op.drop_index("ix_contacts_phone_number_parts", table_name="contacts")
