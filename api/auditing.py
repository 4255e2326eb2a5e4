"""Who did what, written down in the transaction that does it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.principal import Principal
from storage.organizations import add_audit_entry


def note(
    session: AsyncSession,
    principal: Principal,
    action: str,
    target_id: UUID | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Kept when the caller commits. ``details`` hold nothing personal and no secret."""
    add_audit_entry(
        session,
        organization_id=principal.organization_id,
        user_id=principal.user_id,
        api_key_id=principal.api_key_id,
        action=action,
        target_id=target_id,
        details=dict(details or {}),
    )
