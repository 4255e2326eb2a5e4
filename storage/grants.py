"""A slot is granted: everything that this writes, in one statement.

Callers hold all locks, the number pool's too, and commit.
"""

from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Table, Update, bindparam, insert, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from domain.vocabulary import AttemptStatus, LeadStatus
from storage.attempts import NewAttempt
from storage.caller_ids import NumberUse
from storage.looks import Look
from storage.models import AttemptRow, Base, CallerIdRow, LeadRow, NumberPoolRow

_WRITTEN_OF_LEAD = ("handed_over_at", "planned_at", "disposition")
"""What a decision may have changed of the lead on the way."""


async def write_grant(
    session: AsyncSession, lead: LeadRow, new: NewAttempt, use: NumberUse, *, pool_free_at: datetime
) -> None:
    """Insert the attempt, move its lead on, count the call on its number, and book the pool's pace.

    Args:
        pool_free_at: The earliest instant that is free then for another request of the pool.

    Raises:
        asyncpg.UniqueViolationError: the lead has an open attempt, or the contact a live one.
    """
    columns = {"status": LeadStatus.IN_PROGRESS, "next_attempt_at": None, "waiting_for": None}
    columns |= {name: getattr(lead, name) for name in _WRITTEN_OF_LEAD}
    await _GRANT.rows(
        session,
        **{f"lead_{name}": value for name, value in columns.items()},
        **{f"attempt_{each.name}": getattr(new, each.name) for each in fields(new)},
        **{f"number_{each.name}": getattr(use, each.name) for each in fields(use)},
        attempt_organization_id=lead.organization_id,
        attempt_lead_id=lead.id,
        attempt_contact_id=lead.contact_id,
        attempt_campaign_id=lead.campaign_id,
        pool_free_at=pool_free_at,
    )
    for name, value in columns.items():
        set_committed_value(lead, name, value)


def _grant() -> Update:
    attempts, leads, numbers, pools = (
        Base.metadata.tables[row.__tablename__] for row in (AttemptRow, LeadRow, CallerIdRow, NumberPoolRow)
    )

    def given(prefix: str, table: Any, *names: str) -> dict[str, Any]:  # noqa: ANN401  (a table's columns have any type)
        return {name: bindparam(f"{prefix}_{name}", type_=table.c[name].type) for name in names}

    owners = ("organization_id", "lead_id", "contact_id", "campaign_id", "number_pool_id", "account_id")
    granted = ("id", "number", "from_number", "is_probe", "not_before", "not_after", "request_body")
    attempt = given("attempt", attempts, *owners, *granted)
    attempt |= {"status": AttemptStatus.GRANTED, "look_up_at": attempt["not_after"]}
    attempt = _defaults(attempts) | attempt
    use = given("number", numbers, "used_on", "used_count", "last_used_at")
    paced = {"next_dial_at": bindparam("pool_free_at", type_=pools.c.next_dial_at.type)}
    moved = given("lead", leads, "status", "next_attempt_at", "waiting_for", *_WRITTEN_OF_LEAD)
    return (
        update(leads)
        .where(leads.c.id == attempt["lead_id"])
        .values(moved)
        .add_cte(
            insert(attempts).values(attempt).cte("attempt"),
            update(numbers).where(numbers.c.id == bindparam("number_id")).values(use).cte("number"),
            update(pools).where(pools.c.id == attempt["number_pool_id"]).values(paced).cte("pool"),
        )
    )


def _defaults(table: Table) -> dict[str, Any]:
    """The values with which the model fills columns; by itself it does so for the outermost statement only."""
    return {
        column.name: column.default.arg for column in table.c if isinstance(column.default, ScalarElementColumnDefault)
    }


# Made once: every grant needs it.
_GRANT = Look(_grant())
