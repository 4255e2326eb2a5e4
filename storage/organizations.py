"""Organisations: their kill switch, and what people did in them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import AuditEntryRow, OrganizationRow
from storage.right_of_way import take_right_of_way


async def get_organization(session: AsyncSession, organization_id: UUID) -> OrganizationRow:
    return await session.get_one(OrganizationRow, organization_id)


async def add_organization(session: AsyncSession, name: str) -> OrganizationRow:
    row = OrganizationRow(name=name)
    session.add(row)
    await session.flush()
    return row


async def lock_organization(session: AsyncSession, organization_id: UUID) -> OrganizationRow:
    """Read and lock an organisation: whoever holds it shared (a grant, a dial) comes before or after, not between."""
    await take_right_of_way(session, organization_id)
    return await session.get_one(
        OrganizationRow, organization_id, with_for_update={"key_share": True}, populate_existing=True
    )


async def set_stopped(session: AsyncSession, organization_id: UUID, stopped_at: datetime | None) -> bool:
    """Pull or release the kill switch; False when it already stood that way, and then nothing changes."""
    organization = await lock_organization(session, organization_id)
    if (organization.stopped_at is None) == (stopped_at is None):
        return False
    organization.stopped_at = stopped_at
    return True


def add_audit_entry(
    session: AsyncSession,
    *,
    organization_id: UUID,
    user_id: UUID | None,
    action: str,
    api_key_id: UUID | None = None,
    target_id: UUID | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Note who did what, nobody being the system itself; it is kept when the caller commits."""
    session.add(
        AuditEntryRow(
            organization_id=organization_id,
            user_id=user_id,
            api_key_id=api_key_id,
            action=action,
            target_id=target_id,
            details=details or {},
        )
    )


async def has_audit_entry(
    session: AsyncSession,
    *,
    organization_id: UUID,
    user_id: UUID | None,
    api_key_id: UUID | None,
    action: str,
    target_id: UUID,
    since: datetime,
) -> bool:
    """Whether this person, or this key, did this to this target at or after ``since``."""
    which = exists().where(
        AuditEntryRow.organization_id == organization_id,
        AuditEntryRow.created_at >= since,
        AuditEntryRow.user_id == user_id,
        AuditEntryRow.api_key_id == api_key_id,
        AuditEntryRow.action == action,
        AuditEntryRow.target_id == target_id,
    )
    return bool(await session.scalar(select(which)))
