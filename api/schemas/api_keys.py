"""Keys of machines, as they are made and read."""

from datetime import UTC, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from api.schemas.fields import Input, Instant, Text
from api.schemas.words import RoleWord
from domain.request_rate import read_rate
from domain.vocabulary import Role
from storage.models import ApiKeyRow


def _future(value: datetime) -> datetime:
    if value <= datetime.now(UTC):
        raise ValueError("This instant has gone by; give one that is still to come.")
    return value


def _rate(value: str) -> str:
    read_rate(value)
    return value.strip().lower()


class ApiKeyInput(Input):
    """``expires_at``: never, unless it is given. ``rate_limit``: such as 600/minute; else that of people."""

    name: Text
    role: Role
    expires_at: Annotated[Instant, AfterValidator(_future)] | None = None
    rate_limit: Annotated[str, AfterValidator(_rate), Field(max_length=30, examples=["600/minute"])] | None = None


class ApiKeyAnswer(BaseModel):
    """``hint``: the key's last characters. ``last_used_at`` is written once a minute at most."""

    id: UUID
    name: str
    role: RoleWord
    hint: str
    rate_limit: str | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, row: ApiKeyRow) -> Self:
        return cls(**{name: getattr(row, name) for name in ApiKeyAnswer.model_fields})


class MadeApiKeyAnswer(ApiKeyAnswer):
    """``key``: sent as ``Authorization: Bearer ll_…``. It is shown this once."""

    key: str

    @classmethod
    def made(cls, row: ApiKeyRow, key: str) -> Self:
        return cls(key=key, **ApiKeyAnswer.of(row).model_dump())


class ApiKeyPage(BaseModel):
    items: list[ApiKeyAnswer]
    next_cursor: str | None
