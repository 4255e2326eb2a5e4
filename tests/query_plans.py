"""Which statements a process says, and which of them PostgreSQL could answer only by reading a growing table whole."""

import json
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import asyncpg  # type: ignore[import-untyped]  # it ships no types
from asyncpg.connection import LoggedQuery  # type: ignore[import-untyped]
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.organization_sessions import SETTING

GROWING = frozenset(
    {
        "analytics_marks",
        "audit_log",
        "call_facts",
        "contacts",
        "do_not_call_entries",
        "event_deliveries",
        "idempotency_keys",
        "inbound_calls",
        "interaction_attempts",
        "lead_facts",
        "lead_import_rejections",
        "leads",
        "live_events",
        "suppression_keys",
        "webhook_events",
    }
)
"""Tables of which a million rows are ordinary. Of campaigns, pools and people there are some dozens."""

_PARAMETERS = "select cardinality(parameter_types) from pg_prepared_statements where name = 'asked'"
_PARTIAL = """
select relname as name from pg_index join pg_class on pg_class.oid = indexrelid where indpred is not null
"""
_KINDS = ("select", "insert", "update", "delete", "with")


@contextmanager
def overheard(engine: AsyncEngine) -> Iterator[list[str]]:
    """Everything that is said to PostgreSQL over this engine, through SQLAlchemy or through the driver."""
    said: list[str] = []
    heard: set[int] = set()

    def note_driver(query: LoggedQuery) -> None:
        said.append(query.query)

    def note(*given: Any) -> None:  # noqa: ANN401  (SQLAlchemy's own arguments)
        said.append(given[2])

    def listen(connection: Any, *_: object) -> None:  # noqa: ANN401  (the driver has no types)
        if id(connection) not in heard:
            heard.add(id(connection))
            connection.driver_connection.add_query_logger(note_driver)

    event.listen(engine.sync_engine, "checkout", listen)
    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(engine.sync_engine, "checkout", listen)
        event.remove(engine.sync_engine, "before_cursor_execute", note)


async def whole_reads(database_url: str, statements: Sequence[str], *, role: str | None = None) -> dict[str, list[str]]:
    """Of these statements those that no index serves, with the growing tables that each would read whole.

    The tables of a test are small, so PostgreSQL would read all of them whole; it is told not to, and does it all the
    same where nothing else is possible, or reads an index from end to end. (A partial one may be read whole: it has
    what goes on just now.)

    Args:
        role: Who asks, where it may; what it may not is asked as the system.
    """
    found: dict[str, list[str]] = {}
    connection = await asyncpg.connect(database_url)
    await connection.execute("set enable_seqscan = off; set plan_cache_mode = force_generic_plan")
    partial = {row["name"] for row in await connection.fetch(_PARTIAL)}
    for statement in sorted({one for one in statements if one.lstrip().lower().startswith(_KINDS)}):
        plan = await _plan_as(connection, statement, role)
        if whole := sorted(GROWING & {table for step in _steps(plan) for table in _read_whole(step, partial)}):
            found[statement] = whole
    await connection.close()
    return found


async def _plan_as(connection: asyncpg.Connection, statement: str, role: str | None) -> dict[str, Any]:
    if role is None:
        return await _plan(connection, statement)
    await connection.execute(f"set role {role}; set {SETTING} = '{uuid4()}'")
    try:
        return await _plan(connection, statement)
    except asyncpg.InsufficientPrivilegeError:
        await connection.execute("reset role; deallocate asked")
        return await _plan(connection, statement)
    finally:
        await connection.execute("reset role")


async def _plan(connection: asyncpg.Connection, statement: str) -> dict[str, Any]:
    await connection.execute(f"prepare asked as {statement}")
    parameters = await connection.fetchval(_PARAMETERS)
    given = f"({', '.join(['null'] * parameters)})" if parameters else ""
    plan = json.loads(await connection.fetchval(f"explain (format json) execute asked{given}"))
    await connection.execute("deallocate asked")
    first: dict[str, Any] = plan[0]["Plan"]
    return first


def _read_whole(step: dict[str, Any], partial: Set[str]) -> list[str]:
    """The table that this step of a plan reads whole, in a list of none or one."""
    if step["Node Type"] == "Seq Scan":
        return [step["Relation Name"]]
    of_table = next((part for part in step.get("Plans", []) if part["Node Type"] == "Bitmap Index Scan"), step)
    whole = "Index Name" in of_table and "Index Cond" not in of_table and of_table["Index Name"] not in partial
    return [step["Relation Name"]] if whole and "Relation Name" in step else []


def _steps(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(step for part in plan.get("Plans", []) for step in _steps(part))]
