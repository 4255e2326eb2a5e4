"""The key that tokens are signed with: from the environment, else made once and kept in the home."""

import os
import secrets
from pathlib import Path

from runtime.settings import Settings

FILE = "jwt_secret"
SECRET_BYTES = 48


def jwt_secret(settings: Settings) -> str:
    """The signing key; several processes with the same home agree on one.

    Raises:
        OSError: the home can't be written.
    """
    if settings.jwt_secret is not None:
        return settings.jwt_secret.get_secret_value()
    path = settings.home / FILE
    settings.home.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _make(path)
    return path.read_text(encoding="ascii").strip()


def _make(path: Path) -> None:
    """Whole or not at all: a link to a finished file, which only the first process gets."""
    draft = path.with_name(f"{FILE}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(SECRET_BYTES))
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return
    finally:
        draft.unlink()
