"""Secrets of others, sealed before they are stored: what a copy of the database holds opens nothing.

Each key of ``LEADLINE_SECRETS_KEY`` becomes a key of Fernet (AES-128-CBC with HMAC-SHA256, the instant inside) by
HKDF-SHA256. The first one seals; any of them unseals, so that keys can be rotated.

Source: cryptography.io, Fernet and HKDF; RFC 5869.
"""

import base64
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from runtime.settings import Settings

_PURPOSE = b"leadline: secrets at rest, 1"
_KEY_BYTES = 32


class CannotUnseal(ValueError):  # noqa: N818 - says what happened, as in the house's other error trees
    """None of the installation's keys opens it: the one that sealed it is missing from LEADLINE_SECRETS_KEY."""


class Sealing:
    """Seals and unseals short texts."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(_derived(key)) for key in keys])

    def seal(self, secret: str) -> str:
        """Another text each time, of ASCII only."""
        return self._fernet.encrypt(secret.encode()).decode("ascii")

    def unseal(self, sealed: str) -> str:
        """What was sealed.

        Raises:
            CannotUnseal: it was sealed under another key, or changed since.
        """
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise CannotUnseal("it was sealed under a key that LEADLINE_SECRETS_KEY doesn't hold") from None


def sealing_of(settings: Settings) -> Sealing | None:
    """None where the environment names no key: then nothing can be sealed, nor what was sealed be opened."""
    keys = [key.get_secret_value() for key in settings.secrets_keys]
    return Sealing(keys) if keys else None


def _derived(key: str) -> bytes:
    derived = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=_PURPOSE).derive(key.encode())
    return base64.urlsafe_b64encode(derived)
