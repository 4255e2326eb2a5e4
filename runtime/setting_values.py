"""How single values of the environment are read: what is checked, and what a person is told when it is wrong.

No message repeats the value: it may be a password, or a URL that holds one.
"""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr


def _parts(value: object) -> object:
    if isinstance(value, str):
        return tuple(part for part in (piece.strip() for piece in value.split(",")) if part)
    return value


def _dsn(value: str) -> str:
    if not re.match(r"^postgres(ql)?(\+asyncpg)?://", value):
        raise ValueError("must be an address such as postgresql://user:password@host:5432/name")
    try:
        _ = urlsplit(value).port
    except ValueError:
        raise ValueError("has an impossible port, or a password that is not %-encoded") from None
    return value


def _http_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise ValueError("must be an address that begins with http:// or https://")
    return value.rstrip("/")


def _recordings_url(value: str) -> str:
    if not re.match(r"^(file:///|gs://|s3://)", value):
        raise ValueError("must begin with file:///, gs:// or s3://")
    return value.rstrip("/")


def _origins(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if not re.fullmatch(r"https?://[A-Za-z0-9.\-\[\]:]+", value):
            raise ValueError("must be origins such as https://app.example.com, without a path, and never a wildcard")
    return values


def _rate(value: str) -> str:
    lowered = value.lower()
    if lowered != "off" and not re.fullmatch(r"[1-9]\d{0,6}/(second|minute|hour|day)", lowered):
        raise ValueError("must be a rate such as 100/minute, or off")
    return lowered


Port = Annotated[int, Field(ge=0, le=65_535)]
Dsn = Annotated[str, AfterValidator(_dsn)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
RecordingsUrl = Annotated[str, AfterValidator(_recordings_url)]
Rate = Annotated[str, AfterValidator(_rate)]
CommaSeparated = Annotated[tuple[str, ...], BeforeValidator(_parts)]
Origins = Annotated[CommaSeparated, AfterValidator(_origins)]
CommaSeparatedUrls = Annotated[tuple[HttpUrl, ...], BeforeValidator(_parts)]
SecretsList = Annotated[tuple[SecretStr, ...], BeforeValidator(_parts)]
