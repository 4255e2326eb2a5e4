"""Who somebody is, and where they belong."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, SecretStr

from api.schemas.fields import Input, storable_text
from api.schemas.words import RoleWord
from domain.vocabulary import Role
from storage.memberships import Belonging, Colleague
from storage.models import InvitationRow

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 200


def _email(value: str) -> str:
    return storable_text(value).lower()


def _storable_secret(value: SecretStr) -> SecretStr:
    storable_text(value.get_secret_value())
    return value


Email = Annotated[str, AfterValidator(_email), Field(max_length=254, pattern=r"^[^\s@]+@[^\s@]+$")]
NewPassword = Annotated[
    SecretStr, AfterValidator(_storable_secret), Field(min_length=SHORTEST_PASSWORD, max_length=LONGEST_PASSWORD)
]
GivenPassword = Annotated[SecretStr, Field(min_length=1, max_length=LONGEST_PASSWORD)]


class TokenAnswer(BaseModel):
    """``expires_in``: seconds. ``organization_id``: for which organisation it speaks."""

    access_token: str
    token_type: str = "bearer"  # noqa: S105 - the kind of token, not a token
    expires_in: int
    organization_id: UUID


class SignOutInput(Input):
    """``everywhere``: all tokens of the person, in all organisations, not this one alone."""

    everywhere: bool = False


class PasswordChange(Input):
    current_password: GivenPassword
    new_password: NewPassword


class SwitchInput(Input):
    organization_id: UUID


class BelongingAnswer(BaseModel):
    """An organisation that somebody belongs to. ``is_current``: the token speaks for this one."""

    id: UUID
    name: str
    role: RoleWord
    is_current: bool

    @classmethod
    def of(cls, belonging: Belonging, current: UUID) -> Self:
        return cls(
            id=belonging.organization_id,
            name=belonging.name,
            role=belonging.role,
            is_current=belonging.organization_id == current,
        )


class BelongingPage(BaseModel):
    items: list[BelongingAnswer]
    next_cursor: str | None = None


class MeAnswer(BaseModel):
    """``user_id`` and ``email``: of the person, ``api_key_id``: of the machine. ``expires_at``: of the token or key."""

    user_id: UUID | None
    email: str | None
    api_key_id: UUID | None
    organization_id: UUID
    role: RoleWord
    expires_at: datetime | None
    organizations: list[BelongingAnswer]


class UserAnswer(BaseModel):
    """A person of the organisation. ``joined_at``: when they became one."""

    id: UUID
    email: str
    role: RoleWord
    joined_at: datetime

    @classmethod
    def of(cls, colleague: Colleague) -> Self:
        return cls(**{name: getattr(colleague, name) for name in cls.model_fields})


class UserPage(BaseModel):
    items: list[UserAnswer]
    next_cursor: str | None


class UserChange(Input):
    role: Role


class InvitationInput(Input):
    email: Email
    role: Role


class InvitationAnswer(BaseModel):
    id: UUID
    email: str
    role: RoleWord
    created_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, row: InvitationRow) -> Self:
        return cls(**{name: getattr(row, name) for name in InvitationAnswer.model_fields})


class MadeInvitationAnswer(InvitationAnswer):
    """``token``: for whoever is invited, to be sent to POST /api/v1/auth/accept-invitation. It is shown this once."""

    token: str

    @classmethod
    def made(cls, row: InvitationRow, token: str) -> Self:
        return cls(token=token, **InvitationAnswer.of(row).model_dump())


class InvitationPage(BaseModel):
    items: list[InvitationAnswer]
    next_cursor: str | None


class AcceptInput(Input):
    """``password``: of a new person, the one that they choose; of somebody who has an account here, theirs."""

    token: Annotated[SecretStr, Field(min_length=1, max_length=200)]
    password: Annotated[SecretStr, AfterValidator(_storable_secret), Field(min_length=1, max_length=LONGEST_PASSWORD)]


class MadeResetAnswer(BaseModel):
    """``token``: for them, to be sent to POST /api/v1/auth/accept-password-reset. It is shown this once."""

    user_id: UUID
    email: str
    token: str
    expires_at: datetime


class AcceptResetInput(Input):
    """``password``: the one that they choose."""

    token: Annotated[SecretStr, Field(min_length=1, max_length=200)]
    password: NewPassword
