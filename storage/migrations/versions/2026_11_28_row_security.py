"""A second wall between organisations: row-level security for the role that requests run as (docs/decisions/0029).

Which parts of names and numbers stand in which leads is found by a function of the owner's: behind the wall PostgreSQL
may not ask an index of such parts, since an operator that isn't leakproof could tell of rows that nobody may see.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from storage.organization_sessions import ROLE
from storage.row_security import MINE, close, take_role, unwall, wall, wall_by_parent

revision: str = "2026_11_28_row_security"
down_revision: str | None = "2026_11_28_idempotency"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

WALLED = (
    "accounts",
    "api_keys",
    "audit_log",
    "call_deletions",
    "call_facts",
    "call_sums",
    "caller_ids",
    "campaigns",
    "contacts",
    "do_not_call_entries",
    "do_not_call_lists",
    "idempotency_keys",
    "inbound_calls",
    "interaction_attempts",
    "invitations",
    "lead_facts",
    "lead_imports",
    "lead_sums",
    "leads",
    "live_events",
    "memberships",
    "number_pools",
    "suppression_keys",
    "suppressions",
    "trial_calls",
    "webhook_events",
    "webhook_keys",
)
OF_IMPORTS = ("lead_import_pieces", "lead_import_rejections")
# The worker's alone: no request asks them.
CLOSED = ("appointments", "followed_accounts", "paces")
ALL = ("organizations", *WALLED, *OF_IMPORTS, *CLOSED, "users")

AUTHORS = "ix_audit_log_organization_id_user_id"

MENTIONING = f"""
create function leads_mentioning(organization uuid, pattern text, exact text) returns setof uuid
language plpgsql stable security definer rows 100 set search_path = public, pg_temp as $$
begin
    -- The wall of its own: within the function the owner asks, who passes every other.
    if current_setting('role') = '{ROLE}' and organization is distinct from {MINE} then
        return;
    end if;
    return query
        select named.id from leads named where named.organization_id = organization and named.name ilike pattern
        union
        select numbered.id from contacts holder join leads numbered on numbered.contact_id = holder.id
        where holder.organization_id = organization and holder.phone_number like pattern
        union
        select known.id from leads known where known.organization_id = organization and known.external_id = exact;
end
$$
"""  # noqa: S608 - put together from constants
SIGNATURE = "leads_mentioning(uuid, text, text)"


def upgrade() -> None:
    take_role()
    wall("organizations", "id")
    for table in WALLED:
        wall(table)
    for table in OF_IMPORTS:
        wall_by_parent(table, "import_id", "lead_imports")
    for table in CLOSED:
        close(table)
    _wall_users()
    op.execute(f"grant insert on analytics_marks to {ROLE}")
    op.execute(f"grant select on analytics_progress to {ROLE}")
    op.execute(MENTIONING)
    op.execute(f"revoke all on function {SIGNATURE} from public")
    op.execute(f"grant execute on function {SIGNATURE} to {ROLE}")


def _wall_users() -> None:
    """Who belongs to the organisation, or did something in it; of them the address, and no hash of a password.

    Their tokens are taken back with the membership, while they have it.
    """
    op.create_index(
        AUTHORS, "audit_log", ["organization_id", "user_id"], postgresql_where=sa.text("user_id is not null")
    )
    belongs, acted = (
        f"exists (select from {table} one where one.user_id = users.id and one.organization_id = {MINE})"
        for table in ("memberships", "audit_log")
    )
    close("users")
    op.execute(f"create policy own_rows on users for select to {ROLE} using ({belongs} or {acted})")
    op.execute(f"create policy own_tokens on users for update to {ROLE} using ({belongs}) with check ({belongs})")
    op.execute(f"grant select (id, email, token_version), update (token_version) on users to {ROLE}")


def downgrade() -> None:
    op.execute(f"drop function {SIGNATURE}")
    op.execute(f"revoke all on analytics_marks, analytics_progress from {ROLE}")
    op.execute("drop policy own_tokens on users")
    for table in ALL:
        unwall(table)
    op.drop_index(AUTHORS, table_name="audit_log")
    op.execute(f"revoke usage on schema public from {ROLE}")
