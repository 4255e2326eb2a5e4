"""What admins do with an account's webhook keys: add one, look at the fingerprints, remove one."""

import hashlib
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.auditing import note
from api.dependencies import Dependencies
from api.principal import Principal
from api.problems import Conflict, NotFound
from storage.accounts import get_account
from storage.models import AccountRow, WebhookKeyRow
from storage.webhook_keys import keys_of, put_key, remove_key

MOST_KEYS = 5
"""A webhook is tried with each of them; two are enough for a rotation."""

FINGERPRINT_DIGITS = 16

NO_ACCOUNT = "There is no account with this id."


def fingerprint_of(key: str) -> str:
    """By which people know a key: the first 16 hexadecimal digits of its SHA-256. It can't be guessed back."""
    return hashlib.sha256(key.encode()).hexdigest()[:FINGERPRINT_DIGITS]


async def add(
    deps: Dependencies, session: AsyncSession, principal: Principal, account_id: UUID, key: str
) -> WebhookKeyRow:
    """Let webhooks of the account be signed with this key too. Safe to repeat: the same key is sealed anew."""
    account = await _account(session, principal, account_id)
    if deps.sealing is None:
        raise Conflict("Secrets can't be stored here yet; set LEADLINE_SECRETS_KEY for the API and start it again.")
    present = await keys_of(session, account_id)
    fingerprint = fingerprint_of(key)
    if len(present) >= MOST_KEYS and fingerprint not in {row.fingerprint for row in present}:
        raise Conflict(f"This account has {MOST_KEYS} webhook keys, which is the most; remove one first.")
    row = await put_key(session, account, fingerprint=fingerprint, sealed=deps.sealing.seal(key))
    _audit(session, principal, "account.webhook_key_added", account_id, fingerprint)
    await session.commit()
    deps.webhook_keys.forget(account_id)
    return row


async def listed(session: AsyncSession, principal: Principal, account_id: UUID) -> Sequence[WebhookKeyRow]:
    await _account(session, principal, account_id)
    return await keys_of(session, account_id)


async def remove(
    deps: Dependencies, session: AsyncSession, principal: Principal, account_id: UUID, key_id: UUID
) -> None:
    """No webhook is taken any more that only this key has signed, within seconds in all processes."""
    await _account(session, principal, account_id)
    fingerprint = await remove_key(session, account_id, key_id)
    if fingerprint is None:
        raise NotFound("This account has no webhook key with this id.")
    _audit(session, principal, "account.webhook_key_removed", account_id, fingerprint)
    await session.commit()
    deps.webhook_keys.forget(account_id)


async def _account(session: AsyncSession, principal: Principal, account_id: UUID) -> AccountRow:
    account = await get_account(session, principal.organization_id, account_id)
    if account is None:
        raise NotFound(NO_ACCOUNT)
    return account


def _audit(session: AsyncSession, principal: Principal, action: str, account_id: UUID, fingerprint: str) -> None:
    note(session, principal, action, account_id, {"fingerprint": fingerprint})
