"""What admins do with the keys of machines."""

import secrets
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.auditing import note
from api.dependencies import Dependencies
from api.identification import KEY_PREFIX, hash_of
from api.principal import Principal
from api.problems import NotFound
from api.schemas.api_keys import ApiKeyInput
from storage.api_keys import lock_key
from storage.models import ApiKeyRow

SECRET_BYTES = 32
HINT_CHARACTERS = 4


async def make_key(session: AsyncSession, principal: Principal, body: ApiKeyInput) -> tuple[ApiKeyRow, str]:
    """A key, and what it reads, which is shown this once."""
    key = KEY_PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    row = ApiKeyRow(
        organization_id=principal.organization_id,
        key_hash=hash_of(key),
        hint=key[-HINT_CHARACTERS:],
        **body.model_dump(),
    )
    session.add(row)
    await session.flush()
    note(session, principal, "api_key.made", row.id, {"name": row.name, "role": row.role})
    await session.commit()
    return row, key


async def revoke_key(deps: Dependencies, session: AsyncSession, principal: Principal, key_id: UUID) -> None:
    """Nothing is taken by this key after the commit. Safe to repeat."""
    row = await lock_key(session, principal.organization_id, key_id)
    if row is None:
        raise NotFound("There is no API key with this id.")
    if row.revoked_at is None:
        row.revoked_at = deps.clock()
        note(session, principal, "api_key.revoked", row.id, {"name": row.name})
    await session.commit()
