"""The keys that may have signed a webhook: of the environment for the default account, and each account's own."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from api.asked_together import AskedTogether
from api.database_away import DATABASE_ERRORS
from runtime.sealing import CannotUnseal, Sealing
from runtime.settings import Settings
from storage.accounts import accounts_by_id
from storage.models import AccountRow, WebhookKeyRow
from storage.webhook_keys import keys_of_accounts

log = structlog.get_logger(__name__)

KNOWN_FOR_SECONDS = 5.0
"""So long may another process go on with keys that were added or removed here."""

MOST_ACCOUNTS = 1_000
MOST_STRANGERS = 1_000
"""Made-up addresses are remembered as unknown for the same seconds, and must neither fill the memory nor take the place
of an account.
"""

ASKED_TOGETHER = 500


@dataclass(frozen=True, slots=True)
class Known:
    """An account as it was read, with its own keys in the clear; without an account nobody knows the address."""

    account: AccountRow | None
    keys: Sequence[str] = field(repr=False)
    until: float


class WebhookKeys:
    """Keys in the clear, in memory only and for seconds: forged webhooks then cost the database nothing.

    Anybody may make up ids of accounts, and each has to be looked for once. So those of which nothing is known stand in
    a line of their own, which is one question at a time for all of them: however many they are, accounts that are known
    don't wait for them, and they take one connection.
    """

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
        self._strangers: OrderedDict[UUID, Known] = OrderedDict()
        self._accounts_line = AskedTogether(self._read, most=ASKED_TOGETHER)
        self._strangers_line = AskedTogether(self._read, most=ASKED_TOGETHER)
        self._changes = 0

    async def of(self, account_id: UUID) -> Known:
        """The account of this id and its own keys.

        While the database is away what was last known holds; raises what the database raises where that is nothing.
        """
        known = self._fresh(account_id)
        if known is not None:
            return known
        if account_id not in self._known:
            return await self._strangers_line.answer(account_id)
        try:
            return await self._accounts_line.answer(account_id)
        except DATABASE_ERRORS:
            if account_id in self._known:
                return self._known[account_id]
            raise

    def forget(self, account_id: UUID) -> None:
        """They were changed by this process just now."""
        self._changes += 1
        self._known.pop(account_id, None)
        self._strangers.pop(account_id, None)

    def _fresh(self, account_id: UUID) -> Known | None:
        known = self._known.get(account_id) or self._strangers.get(account_id)
        return known if known is not None and self._monotonic() < known.until else None

    async def _read(self, account_ids: Sequence[UUID]) -> Mapping[UUID, Known]:
        changes = self._changes
        async with self._sessions() as session:
            accounts = await accounts_by_id(session, account_ids)
            rows = await keys_of_accounts(session, list(accounts)) if accounts else {}
        until = self._monotonic() + KNOWN_FOR_SECONDS
        read = {
            account_id: self._opened(accounts.get(account_id), rows.get(account_id, ()), until)
            for account_id in account_ids
        }
        if changes == self._changes:  # else it may be what was changed meanwhile, and is asked for again
            self._keep(read)
        return read

    def _keep(self, read: Mapping[UUID, Known]) -> None:
        for account_id, known in read.items():
            place, other, most = self._known, self._strangers, MOST_ACCOUNTS
            if known.account is None:
                place, other, most = self._strangers, self._known, MOST_STRANGERS
            other.pop(account_id, None)
            place[account_id] = known
            place.move_to_end(account_id)
            if len(place) > most:
                place.popitem(last=False)

    def _opened(self, account: AccountRow | None, rows: Sequence[WebhookKeyRow], until: float) -> Known:
        return Known(account, [*self._own(account), *self._unsealed(rows)], until)

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
