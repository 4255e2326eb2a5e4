"""An organisation as people change and read it."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel

from api.schemas.fields import CallsPerSecond, Input, MaxLiveCalls, NotNull, Text
from storage.models import OrganizationRow


class OrganizationInput(Input):
    name: Text


class OrganizationChange(Input):
    """What is named is changed; a limit of null is none. The limits hold over all accounts and campaigns."""

    name: Annotated[Text | None, NotNull] = None
    max_live_calls: MaxLiveCalls | None = None
    max_calls_per_second: CallsPerSecond | None = None


class OrganizationAnswer(BaseModel):
    """While ``stopped_at`` is set, nothing is dialled."""

    id: UUID
    name: str
    stopped_at: datetime | None
    max_live_calls: int | None
    max_calls_per_second: float | None

    @classmethod
    def of(cls, organization: OrganizationRow) -> Self:
        return cls(**{name: getattr(organization, name) for name in cls.model_fields})
