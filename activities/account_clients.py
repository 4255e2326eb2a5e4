"""The provider's client of each account: with the account's own key, or with the environment's."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

import structlog

from storage.accounts import AccountAddress
from telephony.errors import ProviderRejected, RejectionReason
from telephony.retell_answers import DEFAULT_BASE_URL

log = structlog.get_logger(__name__)

Client = TypeVar("Client")
Client_co = TypeVar("Client_co", covariant=True)

SIMULATOR = "simulator"


@dataclass(frozen=True, slots=True)
class _Opened(Generic[Client_co]):
    address: AccountAddress
    client: Client_co


class AccountClients(Generic[Client_co]):
    """Clients are kept while an account's key and address stay as they are, and made anew when these change.

    ``of_environment``: by kind of account, for those without a key of their own. ``unseal`` opens a stored key and
    raises ``ValueError`` where it can't; ``connect`` makes a client of a kind, a key and an address, None for the
    usual one.
    """

    def __init__(
        self,
        of_environment: Mapping[str, Client_co],
        *,
        unseal: Callable[[str], str] | None = None,
        connect: Callable[[str, str, str | None], Client_co] | None = None,
    ) -> None:
        self._of_environment = of_environment
        self._unseal = unseal
        self._connect = connect
        self._opened: dict[UUID, _Opened[Client_co]] = {}

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of accounts that the environment has a key for."""
        return frozenset(self._of_environment)

    @property
    def opens_keys(self) -> bool:
        """Whether accounts with keys of their own can be dialled through here."""
        return self._unseal is not None and self._connect is not None

    def of(self, address: AccountAddress) -> Client_co | None:
        """The account's client; None where this process has no key for it.

        A real account never speaks with another one's key: without one of its own only the default one has any.
        """
        if address.sealed_key is not None:
            return self._with_own_key(address, address.sealed_key)
        if address.is_default or address.provider == SIMULATOR:
            return self._of_environment.get(address.provider)
        return None

    def need(self, address: AccountAddress) -> Client_co:
        """As ``of``, for who can't go on without.

        Raises:
            telephony.errors.ProviderRejected: there is no key; nothing was sent.
        """
        client = self.of(address)
        if client is None:
            msg = "the account's key is missing here or can't be opened; give the account its key once more"
            raise ProviderRejected(msg, reason=RejectionReason.ACCOUNT)
        return client

    def with_key(self, kind: str, key: str, base_url: str | None) -> Client_co:
        """A client for a key that isn't stored yet.

        Raises:
            ValueError: no key has such characters.
        """
        if self._connect is None:
            msg = "no client can be made here"
            raise ValueError(msg)
        return self._connect(kind, key, base_url)

    def reachable(self, addresses: Collection[AccountAddress]) -> Sequence[tuple[AccountAddress, Client_co]]:
        """Those that this process has a key for."""
        found = ((address, self.of(address)) for address in addresses)
        return [(address, client) for address, client in found if client is not None]

    def _with_own_key(self, address: AccountAddress, sealed: str) -> Client_co | None:
        opened = self._opened.get(address.account_id)
        if opened is not None and opened.address == address:
            return opened.client
        if self._unseal is None or self._connect is None:
            return None
        try:
            client = self._connect(address.provider, self._unseal(sealed), address.base_url)
        except ValueError as error:
            log.error("account_key_unreadable", account_id=str(address.account_id), why=str(error))
            return None
        self._opened[address.account_id] = _Opened(address, client)
        return client


def account_clients(
    keys: Mapping[str, str],
    urls: Mapping[str, str],
    make: Callable[[str, str], Client],
    *,
    unseal: Callable[[str], str] | None,
) -> AccountClients[Client]:
    """Clients for the accounts of every kind.

    Args:
        keys: The environment's, by kind of account.
        urls: Where each kind is, as far as that isn't the provider's own address.
        make: A client for a key and an address.
        unseal: As ``AccountClients`` wants it.
    """

    def connect(kind: str, key: str, base_url: str | None) -> Client:
        return make(key, base_url or urls.get(kind, DEFAULT_BASE_URL))

    of_environment = {kind: connect(kind, key, None) for kind, key in keys.items()}
    return AccountClients(of_environment, unseal=unseal, connect=connect)
