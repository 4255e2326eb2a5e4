"""The keys that may have signed a webhook: of the environment for the default account, and each account's own."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from api.database_away import DATABASE_ERRORS
from runtime.sealing import CannotUnseal, Sealing
from runtime.settings import Settings
from storage.accounts import account_by_id
from storage.models import AccountRow, WebhookKeyRow
from storage.webhook_keys import keys_of

log = structlog.get_logger(__name__)

KNOWN_FOR_SECONDS = 5.0
"""So long may another process go on with keys that were added or removed here."""

MOST_ACCOUNTS = 1_000
"""Made-up addresses are remembered as unknown too, and must not fill the memory."""


@dataclass(frozen=True, slots=True)
class Known:
    """An account as it was read, with its own keys in the clear; without an account nobody knows the address."""

    account: AccountRow | None
    keys: Sequence[str] = field(repr=False)
    until: float


class WebhookKeys:
    """Keys in the clear, in memory only and for seconds: forged webhooks then cost the database nothing."""

    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        sealing: Sealing | None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sessions = sessions
        self._sealing = sealing
        self._monotonic = monotonic
        self._known: OrderedDict[UUID, Known] = OrderedDict()
        self._turn = asyncio.Lock()

    async def of(self, account_id: UUID) -> Known:
        """The account of this id and its own keys.

        While the database is away what was last known holds; raises what the database raises where that is nothing.
        """
        known = self._fresh(account_id)
        if known is not None:
            return known
        async with self._turn:
            return self._fresh(account_id) or await self._read(account_id)

    def forget(self, account_id: UUID) -> None:
        """They were changed by this process just now."""
        self._known.pop(account_id, None)

    def _fresh(self, account_id: UUID) -> Known | None:
        known = self._known.get(account_id)
        return known if known is not None and self._monotonic() < known.until else None

    async def _read(self, account_id: UUID) -> Known:
        try:
            async with self._sessions() as session:
                account = await account_by_id(session, account_id)
                rows = [] if account is None else await keys_of(session, account_id)
        except DATABASE_ERRORS:
            if account_id in self._known:
                return self._known[account_id]
            raise
        keys = [*self._own(account), *self._unsealed(rows)]
        known = Known(account, keys, self._monotonic() + KNOWN_FOR_SECONDS)
        self._known[account_id] = known
        self._known.move_to_end(account_id)
        if len(self._known) > MOST_ACCOUNTS:
            self._known.popitem(last=False)
        return known

    def _own(self, account: AccountRow | None) -> Sequence[str]:
        """The key that the account dials with."""
        if account is None or account.sealed_key is None:
            return []
        return self._unseal(account.sealed_key, account_id=account.id, key="the account's own")

    def _unsealed(self, rows: Sequence[WebhookKeyRow]) -> Sequence[str]:
        return [key for row in rows for key in self._unseal(row.sealed, account_id=row.account_id, key=str(row.id))]

    def _unseal(self, sealed: str, *, account_id: UUID, key: str) -> Sequence[str]:
        """One key, or none where it can't be opened."""
        try:
            if self._sealing is None:
                raise CannotUnseal("LEADLINE_SECRETS_KEY is not set")
            return [self._sealing.unseal(sealed)]
        except CannotUnseal as error:
            log.error("webhook_key_unreadable", account_id=str(account_id), key_id=key, why=str(error))
            return []


def keys_of_environment(settings: Settings, account: AccountRow) -> Sequence[str]:
    """Those that need no database: the simulator signs for all of its accounts, a real key for the default one."""
    if account.provider == "simulator":
        return [settings.simulator_key.get_secret_value()] if settings.simulator_key else []
    if not account.is_default:
        return []
    own = [settings.retell_api_key] if settings.retell_api_key else []
    return [key.get_secret_value() for key in (*own, *settings.retell_webhook_keys)]
