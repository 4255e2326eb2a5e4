"""Whose token or key this is, whether it still holds, and whether its owner may ask any more right now."""

import hashlib
from collections.abc import Callable, Collection, Set
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from api.principal import Principal
from api.problems import Unauthenticated
from api.tokens import Claims, InvalidToken, Tokens
from domain.request_rate import Asked, Rate, read_rate
from storage.api_keys import note_use, valid_key, valid_keys
from storage.looks import Lookout
from storage.reading import reading
from storage.request_counts import give_back, take
from storage.tokens import revoked_of
from storage.users import member_of_token, token_versions

KEY_PREFIX = "ll_"
LONGEST_KEY = 200  # characters; what is longer is none of ours


@dataclass(frozen=True, slots=True)
class KeyClaims:
    """What a machine came in with."""

    key_id: UUID
    expires_at: datetime | None


Credential = Claims | KeyClaims


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who is signed in, and by what. ``rate``: how often they may ask; None is without a limit."""

    principal: Principal
    credential: Credential
    rate: Rate | None


@dataclass(frozen=True, slots=True)
class Counted:
    """A request that was counted, or refused because it would have been one too many."""

    subject: str
    asked: Asked

    def uncounted(self) -> "Counted":
        asked = self.asked
        return replace(self, asked=replace(asked, counts=[*asked.counts[:-1], max(0, asked.counts[-1] - 1)]))


class Identification:
    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        tokens: Tokens,
        *,
        clock: Callable[[], datetime],
        rate: Rate | None,
    ) -> None:
        """``rate``: of each person, and of each key that has none of its own."""
        # Each statement stands alone, so that no row of a count stays locked while its request goes on.
        self._sessions = reading(sessions)
        self._lookout = Lookout(sessions)
        self._tokens = tokens
        self._clock = clock
        self._rate = rate

    async def identify(self, token: str | None) -> Identity:
        """Whose token or key this is; the request isn't counted.

        Raises:
            Unauthenticated: there is none, or it is not valid any more.
        """
        if token is None:
            raise Unauthenticated(
                "Send `Authorization: Bearer …` with a token from POST /api/v1/auth/token, or with an API key."
            )
        return await (self._of_key(token) if token.startswith(KEY_PREFIX) else self._of_token(token))

    async def identify_counted(self, token: str | None) -> tuple[Identity, Counted | None]:
        """Whose it is, and how their requests stand with this one; None where nothing is limited.

        Raises:
            Unauthenticated: as above; nothing is counted then.
        """
        identity = await self.identify(token)
        if identity.rate is None:
            return identity, None
        subject = f"asking:{identity.principal.id}"
        async with self._lookout.looking() as looking:
            return identity, Counted(subject, await take(looking, subject, identity.rate))

    async def give_back(self, counted: Counted) -> Counted:
        """The answer was that nothing has changed: such requests don't count."""
        async with self._sessions() as session:
            await give_back(session, counted.subject, counted.asked.rate)
        return counted.uncounted()

    async def still_valid(self, credentials: Collection[Credential]) -> Set[Credential]:
        """Those by which somebody may go on listening: a few statements, however many there are."""
        tokens = [one for one in credentials if isinstance(one, Claims)]
        keys = [one for one in credentials if isinstance(one, KeyClaims)]
        async with self._sessions() as session:
            versions = await token_versions(session, {one.user_id for one in tokens}) if tokens else {}
            revoked = set(await revoked_of(session, {one.token_id for one in tokens})) if tokens else set()
            valid = set(await valid_keys(session, {one.key_id for one in keys}, now=self._clock())) if keys else set()
        return {
            *(one for one in tokens if one.token_id not in revoked and _is_of_version(one, versions)),
            *(one for one in keys if one.key_id in valid),
        }

    async def _of_token(self, token: str) -> Identity:
        try:
            claims = self._tokens.read(token)
        except InvalidToken:
            raise Unauthenticated("The token is not valid or has expired; sign in again.") from None
        async with self._lookout.looking() as looking:
            member = await member_of_token(
                looking,
                claims.user_id,
                claims.organization_id,
                token_version=claims.token_version,
                token_id=claims.token_id,
            )
        if member is None:
            raise Unauthenticated("The token was taken back; sign in again.")
        return Identity(Principal(member.user_id, member.organization_id, member.role), claims, self._rate)

    async def _of_key(self, key: str) -> Identity:
        async with self._sessions() as session:
            row = None
            if len(key) <= LONGEST_KEY:
                row = await valid_key(session, hash_of(key), now=self._clock())
            if row is None:
                raise Unauthenticated("The API key is unknown, was revoked or has expired; an admin can make another.")
            await note_use(session, row, now=self._clock())
        rate = self._rate if row.rate_limit is None else read_rate(row.rate_limit)
        principal = Principal(None, row.organization_id, row.role, api_key_id=row.id)
        return Identity(principal, KeyClaims(row.id, row.expires_at), rate)


def hash_of(secret: str) -> str:
    """By which a random secret is found again: it is long, so nobody guesses it back from its SHA-256."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _is_of_version(claims: Claims, versions: dict[tuple[UUID, UUID], int]) -> bool:
    return versions.get((claims.user_id, claims.organization_id)) == claims.token_version
