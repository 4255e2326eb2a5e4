"""The wall between organisations, as migrations build it in PostgreSQL (docs/decisions/0029).

What is asked for somebody who is signed in is asked as ``leadline_api``, which owns nothing, may use those tables only
that a migration gave it, and sees one organisation's rows in them (``storage/organization_sessions.py``). Everything
else runs as the owner of the tables, who has to pass all organisations, and whose policy says so: the tables are forced
to ask for one.

A migration that makes a table calls ``wall`` for it. A table that none was called for is closed to the role.
"""

from collections.abc import Mapping

from alembic import op
from sqlalchemy.exc import DBAPIError

from storage.organization_sessions import ROLE, SETTING

MINE = f"nullif(current_setting('{SETTING}', true), '')::uuid"
"""The organisation of the transaction; null, which no row has, where none was named."""

SHARED: Mapping[str, str] = {
    "alembic_version": "which migrations have run",
    "analytics_marks": "ids of what changed; triggers write it in whoever's transaction, only the worker reads it",
    "analytics_progress": "one instant, the same for all",
    "request_counts": "how often people and addresses asked, whatever organisation they are signed in to",
    "revoked_tokens": "ids of tokens",
}
"""Tables without a wall, and what they hold instead of an organisation's rows."""

_INSUFFICIENT_PRIVILEGE = "42501"

# Roles are the server's and not the database's: another database may have made it, also at this very moment.
_TAKE_ROLE = f"""
do $$
declare
    before text := current_setting('role');
begin
    if not exists (select from pg_roles where rolname = '{ROLE}') then
        begin
            create role {ROLE} nologin;
        exception when duplicate_object or unique_violation then
            null;
        end;
    end if;
    begin
        perform set_config('role', '{ROLE}', true);
    exception when insufficient_privilege then
        execute format('grant {ROLE} to %I', current_user);
    end;
    perform set_config('role', before, true);
end
$$
"""


class RoleMissing(RuntimeError):  # noqa: N818 - says what happened
    """Whoever migrates may not make the role, or not take it: an administrator does what this says, once."""


def take_role() -> None:
    """Make the role where it isn't there yet, and let whoever migrates take it. Safe to repeat.

    Raises:
        RoleMissing: the server doesn't let them; nothing was done.
    """
    connection = op.get_bind()
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(_TAKE_ROLE)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _INSUFFICIENT_PRIVILEGE:
            raise
        user = connection.exec_driver_sql("select quote_ident(current_user)").scalar_one()
        raise RoleMissing(
            f"{user} may not make the role {ROLE}, or not take it. An administrator runs this once, and then the"
            f" migration is repeated: create role {ROLE} nologin; grant {ROLE} to {user};"
            f" (without the first part where the role is there already; see docs/operations/access.md)"
        ) from error
    op.execute(f"grant usage on schema public to {ROLE}")


def wall(table: str, column: str = "organization_id") -> None:
    """Of this table the role sees and writes the rows whose column names its organisation."""
    _wall(table, f"{column} = {MINE}")


def wall_by_parent(table: str, column: str, parent: str) -> None:
    """Of this table the role sees and writes the rows whose column names a row of its organisation in the parent."""
    _wall(table, f"{column} in (select id from {parent} where organization_id = {MINE})")  # noqa: S608 - constants


def close(table: str) -> None:
    """This table is the system's alone."""
    op.execute(f"alter table {table} enable row level security, force row level security")
    op.execute(f"create policy all_rows on {table} to current_user using (true) with check (true)")


def unwall(table: str) -> None:
    """Take all of it back; the role stays, since other databases of the server may have it too."""
    op.execute(f"revoke all on {table} from {ROLE}")
    op.execute(f"drop policy if exists own_rows on {table}")
    op.execute(f"drop policy all_rows on {table}")
    op.execute(f"alter table {table} no force row level security, disable row level security")


def _wall(table: str, is_own: str) -> None:
    close(table)
    op.execute(f"create policy own_rows on {table} to {ROLE} using ({is_own}) with check ({is_own})")
    op.execute(f"grant select, insert, update, delete on {table} to {ROLE}")
