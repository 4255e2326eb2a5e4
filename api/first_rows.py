"""The rows that have to be there before anybody can sign in; made at the start, or as soon as the database answers."""

import asyncio
import secrets
import sys
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from api.passwords import Passwords
from runtime.settings import Settings
from storage.defaults import Defaults, FirstUser, Provider, ensure_defaults
from storage.users import user_by_email


def configured_provider(settings: Settings) -> Provider:
    """Without a key for the real provider all calls go to the simulator."""
    return "retell" if settings.retell_api_key is not None else "simulator"


class FirstRows:
    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        settings: Settings,
        passwords: Passwords,
        clock: Callable[[], datetime],
    ) -> None:
        self._sessions = sessions
        self._settings = settings
        self._passwords = passwords
        self._clock = clock
        self._turn = asyncio.Lock()
        self._made: Defaults | None = None
        self._decoy: str | None = None

    async def ready(self) -> Defaults:
        """The defaults, made on the first call that finds the database.

        Raises whatever the database raises; the next call tries again.
        """
        if self._made is None:
            async with self._turn:
                if self._made is None:
                    self._made = await self._make()
        return self._made

    async def decoy_hash(self) -> str:
        """A hash of nobody's password: comparing with it takes as long as with a real one."""
        if self._decoy is None:
            self._decoy = await self._passwords.hash(secrets.token_urlsafe())
        return self._decoy

    async def _make(self) -> Defaults:
        first_user = await self._first_user()
        async with self._sessions.begin() as session:
            return await ensure_defaults(
                session,
                provider=configured_provider(self._settings),
                first_user=first_user,
                now=self._clock(),
                max_call_seconds=self._settings.max_call_seconds,
            )

    async def _first_user(self) -> FirstUser:
        """Their password stays, unless the settings give another one than before: a new hash would sign them out."""
        email, given = self._settings.admin_email, self._settings.admin_password
        async with self._sessions() as session:
            user = await user_by_email(session, email)
        if given is None:
            standing = await self._passwords.hash(self._new_password()) if user is None else user.password_hash
            return FirstUser(email, standing, None if user is None else user.configured_hash)
        if user is not None:
            known = user.configured_hash or user.password_hash
            if await self._passwords.matches(given.get_secret_value(), known):
                return FirstUser(email, user.password_hash, known)
        made = await self._passwords.hash(given.get_secret_value())
        return FirstUser(email, made, made)

    def _new_password(self) -> str:
        password = secrets.token_urlsafe(12)
        sys.stderr.write(f"The first user is {self._settings.admin_email} with the password {password}\n")
        return password
