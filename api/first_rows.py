"""The rows that have to be there before anybody can sign in; made at the start, or as soon as the database answers."""

import asyncio
import secrets
import sys
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from api.passwords import Passwords
from runtime.settings import Settings
from storage.defaults import Defaults, Provider, ensure_defaults
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
        password_hash = await self._password_hash()
        async with self._sessions.begin() as session:
            return await ensure_defaults(
                session,
                provider=configured_provider(self._settings),
                admin_email=self._settings.admin_email,
                admin_password_hash=password_hash,
                now=self._clock(),
                max_call_seconds=self._settings.max_call_seconds,
            )

    async def _password_hash(self) -> str:
        """The hash that stands, unless the settings give another password: a new hash would sign everybody out."""
        async with self._sessions() as session:
            user = await user_by_email(session, self._settings.admin_email)
        given = self._settings.admin_password
        if user is not None and given is None:
            return user.password_hash
        if user is not None and given is not None:
            password = given.get_secret_value()
            same = await self._passwords.matches(password, user.password_hash)
            return user.password_hash if same else await self._passwords.hash(password)
        return await self._passwords.hash(given.get_secret_value() if given is not None else self._new_password())

    def _new_password(self) -> str:
        password = secrets.token_urlsafe(12)
        sys.stderr.write(f"The first user is {self._settings.admin_email} with the password {password}\n")
        return password
