"""Tokens are taken back one by one, people are invited, machines have keys, requests are counted, audits only grow."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_people"
down_revision: str | None = "2026_11_26_webhook_keys"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ROLES = "role in ('admin', 'operator', 'viewer')"
REFUSAL = """
create function refuse_change_of_audit_log() returns trigger language plpgsql as $$
begin
    raise exception 'rows of the audit log are never changed or deleted' using errcode = 'insufficient_privilege';
end
$$
"""


def upgrade() -> None:
    op.add_column("users", sa.Column("configured_hash", sa.Text(), nullable=True))
    _tokens()
    _invitations()
    _api_keys()
    _request_counts()
    _audit_log()
    op.drop_constraint(op.f("fk_interaction_attempts_disposition_by"), "interaction_attempts", type_="foreignkey")


def downgrade() -> None:
    # What a key decided has nobody to name any more.
    op.execute(
        "update interaction_attempts set disposition_by = null where disposition_by in (select id from api_keys)"
    )
    op.create_foreign_key(
        op.f("fk_interaction_attempts_disposition_by"), "interaction_attempts", "users", ["disposition_by"], ["id"]
    )
    op.execute("drop trigger append_only on audit_log")
    op.execute("drop function refuse_change_of_audit_log()")
    op.drop_index(op.f("ix_audit_log_organization_id_target_id_created_at"), table_name="audit_log")
    op.drop_index(op.f("ix_audit_log_organization_id_created_at_id"), table_name="audit_log")
    op.create_index(op.f("ix_audit_log_organization_id_created_at"), "audit_log", ["organization_id", "created_at"])
    op.drop_constraint(op.f("fk_audit_log_api_key_id"), "audit_log", type_="foreignkey")
    op.drop_column("audit_log", "api_key_id")
    for table in ("request_counts", "api_keys", "invitations", "revoked_tokens"):
        op.drop_table(table)
    op.drop_column("users", "configured_hash")


def _tokens() -> None:
    op.create_table(
        "revoked_tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revoked_tokens")),
    )
    op.create_index(op.f("ix_revoked_tokens_expires_at"), "revoked_tokens", ["expires_at"])


def _invitations() -> None:
    op.create_table(
        "invitations",
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        *_common(),
        sa.CheckConstraint(ROLES, name=op.f("ck_invitations_role")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_invitations_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("organization_id", "email", name=op.f("uq_invitations_organization_id_email")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invitations_token_hash")),
    )
    op.create_index(op.f("ix_invitations_expires_at"), "invitations", ["expires_at"])


def _api_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("rate_limit", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        *_common(),
        sa.CheckConstraint(ROLES, name=op.f("ck_api_keys_role")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_api_keys_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_keys_key_hash")),
    )
    op.create_index(
        op.f("ix_api_keys_organization_id_created_at_id"), "api_keys", ["organization_id", "created_at", "id"]
    )


def _request_counts() -> None:
    """Unlogged: what a crash of the server loses are counts of the last minutes."""
    op.create_table(
        "request_counts",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("tick", sa.BigInteger(), nullable=False),
        sa.Column("counts", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_request_counts")),
        prefixes=["UNLOGGED"],
    )
    # Each request writes its row anew: with room on the page it needs no new entry in the index.
    op.execute("alter table request_counts set (fillfactor = 50)")


def _audit_log() -> None:
    op.add_column("audit_log", sa.Column("api_key_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_audit_log_api_key_id"), "audit_log", "api_keys", ["api_key_id"], ["id"])
    op.drop_index(op.f("ix_audit_log_organization_id_created_at"), table_name="audit_log")
    for columns in (("organization_id", "created_at", "id"), ("organization_id", "target_id", "created_at")):
        op.create_index(op.f(f"ix_audit_log_{'_'.join(columns)}"), "audit_log", columns)
    op.execute(REFUSAL)
    op.execute(
        "create trigger append_only before update or delete on audit_log"
        " for each row execute function refuse_change_of_audit_log()"
    )


def _common() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
    )
