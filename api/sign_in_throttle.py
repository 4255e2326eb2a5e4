"""Guessing of passwords is slow: a few tries for each account, and for each place they come from."""

import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from api.problems import TooManyRequests
from domain.request_rate import Rate
from storage.reading import reading
from storage.request_counts import give_back, take

QUARTER_HOUR = 900
PER_ACCOUNT = Rate(10, QUARTER_HOUR)
PER_ADDRESS = Rate(100, QUARTER_HOUR)
"""An office has one address, and so do all clients of a proxy that doesn't say for whom it asks."""

IPV6_NETWORK_BITS = 64
"""Whoever has one IPv6 address usually has all of its network."""


@dataclass(frozen=True, slots=True)
class Try:
    """What was counted for one try."""

    taken: Sequence[tuple[str, Rate]]


class SignInThrottle:
    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = reading(sessions)

    async def enter(self, account: str, address: str | None) -> Try:
        """Count a try before the password is looked at; whether there is such an account makes no difference.

        Raises:
            TooManyRequests: there were too many of late.
        """
        subjects = [(f"signing-in:{_hash(account.lower())}", PER_ACCOUNT)]
        if address is not None:
            subjects.insert(0, (f"signing-in-from:{_hash(_network(address))}", PER_ADDRESS))
        async with self._sessions() as session:
            for subject, rate in subjects:
                asked = await take(session, subject, rate)
                if not asked.is_within:
                    raise _too_many(asked.more_in_seconds)
        return Try(subjects)

    async def succeeded(self, this: Try) -> None:
        """The password was right: such tries don't count."""
        async with self._sessions() as session:
            for subject, rate in this.taken:
                await give_back(session, subject, rate)


def _too_many(wait_seconds: int) -> TooManyRequests:
    return TooManyRequests(
        f"There were too many tries to sign in; try again in {wait_seconds} seconds.", retry_after_seconds=wait_seconds
    )


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, IPV6_NETWORK_BITS), strict=False))
    return str(parsed)


def _hash(text: str) -> str:
    """Counts name nobody."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]
