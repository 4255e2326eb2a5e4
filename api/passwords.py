"""Passwords: hashed with argon2, off the event loop and a few at a time (each takes 64 MiB and a core)."""

import asyncio

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError

AT_ONCE = 2
LONGEST_PASSWORD = 1_024  # characters; longer ones would only cost time


class Passwords:
    def __init__(self, hasher: PasswordHash) -> None:
        self._hasher = hasher
        self._room = asyncio.Semaphore(AT_ONCE)

    async def hash(self, password: str) -> str:
        async with self._room:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def matches(self, password: str, password_hash: str) -> bool:
        """Whether this is the password; takes the same time whether it is or not."""
        async with self._room:
            return await asyncio.to_thread(self._verify, password[:LONGEST_PASSWORD], password_hash)

    def _verify(self, password: str, password_hash: str) -> bool:
        try:
            return self._hasher.verify(password, password_hash)
        except (UnknownHashError, UnicodeEncodeError):
            return False
