"""Bearer tokens: signed, not stored.

A person's token version takes back all that were given out before, and one alone is taken back by its id.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import jwt

from storage.users import Member

ALGORITHM = "HS256"
ISSUER = "leadline"
AUDIENCE = "leadline-api"
_REQUIRED = ["exp", "iat", "iss", "aud", "sub", "org", "ver", "jti"]


class InvalidToken(Exception):  # noqa: N818 - says what happened
    """The token wasn't given out here, or its time is over: sign in again."""


@dataclass(frozen=True, slots=True)
class Claims:
    user_id: UUID
    organization_id: UUID
    token_version: int
    expires_at: datetime
    token_id: UUID


class Tokens:
    """Signs by one secret. By the old ones too a token is known: so secrets are changed and nobody is signed out."""

    def __init__(
        self, secret: str, *, life: timedelta, clock: Callable[[], datetime], old_secrets: Sequence[str] = ()
    ) -> None:
        self._secret = secret
        self._secrets = (secret, *old_secrets)
        self._life = life
        self._clock = clock

    @property
    def life_seconds(self) -> int:
        return int(self._life.total_seconds())

    def issue(self, member: Member) -> str:
        now = self._clock()
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + self._life,
            "sub": str(member.user_id),
            "org": str(member.organization_id),
            "ver": member.token_version,
            "jti": str(uuid4()),
        }
        return jwt.encode(claims, self._secret, algorithm=ALGORITHM)

    def read(self, token: str) -> Claims:
        """What a token says.

        Raises:
            InvalidToken: it was not signed here and for this, or has expired.
        """
        for secret in self._secrets:
            try:
                return _read(token, secret)
            except jwt.InvalidSignatureError:
                continue
            except (jwt.InvalidTokenError, ValueError, TypeError, AttributeError, OverflowError) as error:
                raise InvalidToken from error
        raise InvalidToken


def _read(token: str, secret: str) -> Claims:
    claims = jwt.decode(
        token, secret, algorithms=[ALGORITHM], audience=AUDIENCE, issuer=ISSUER, options={"require": _REQUIRED}
    )
    expires_at = datetime.fromtimestamp(int(claims["exp"]), UTC)
    return Claims(UUID(claims["sub"]), UUID(claims["org"]), int(claims["ver"]), expires_at, UUID(claims["jti"]))
