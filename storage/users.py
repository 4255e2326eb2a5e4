"""People who sign in, and what they may do where."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Uuid, bindparam, exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from storage.looks import Look, Via
from storage.models import MembershipRow, RevokedTokenRow, UserRow


@dataclass(frozen=True, slots=True)
class Member:
    """A person in one organisation. ``role`` is ``admin``, ``operator`` or ``viewer``."""

    user_id: UUID
    organization_id: UUID
    role: str
    email: str
    password_hash: str
    token_version: int


_MEMBERS = select(
    UserRow.id.label("user_id"),
    MembershipRow.organization_id,
    MembershipRow.role,
    UserRow.email,
    UserRow.password_hash,
    UserRow.token_version,
).join(MembershipRow, MembershipRow.user_id == UserRow.id)

_OF_TOKEN = Look(
    _MEMBERS.where(
        UserRow.id == bindparam("user_id", type_=Uuid()),
        MembershipRow.organization_id == bindparam("organization_id", type_=Uuid()),
        UserRow.token_version == bindparam("token_version", type_=Integer()),
        ~exists().where(RevokedTokenRow.id == bindparam("token_id", type_=Uuid())),
    )
)


async def member_by_email(session: AsyncSession, email: str) -> Member | None:
    """The person with this address in the organisation they joined first; addresses are kept in lower case."""
    return await _first(session, UserRow.email == email.lower())


async def first_member(session: AsyncSession, user_id: UUID) -> Member | None:
    """The person in the organisation they joined first."""
    return await _first(session, UserRow.id == user_id)


async def get_member(session: AsyncSession, user_id: UUID, organization_id: UUID) -> Member | None:
    query = _MEMBERS.where(UserRow.id == user_id, MembershipRow.organization_id == organization_id)
    row = (await session.execute(query)).first()
    return Member(*row) if row else None


async def member_of_token(
    via: Via, user_id: UUID, organization_id: UUID, *, token_version: int, token_id: UUID
) -> Member | None:
    """The person a token was given to; None where it was taken back, or they aren't in the organisation any more."""
    row = await _OF_TOKEN.first(
        via, user_id=user_id, organization_id=organization_id, token_version=token_version, token_id=token_id
    )
    return None if row is None else Member(*row)


async def token_versions(session: AsyncSession, user_ids: Collection[UUID]) -> dict[tuple[UUID, UUID], int]:
    """The version of the tokens that are valid now, for each of these people in each of their organisations."""
    query = select(UserRow.id, MembershipRow.organization_id, UserRow.token_version)
    query = query.join(MembershipRow, MembershipRow.user_id == UserRow.id).where(UserRow.id.in_(user_ids))
    return {(row[0], row[1]): row[2] for row in await session.execute(query)}


async def user_by_email(session: AsyncSession, email: str) -> UserRow | None:
    return await session.scalar(select(UserRow).where(UserRow.email == email.lower()))


async def add_user(session: AsyncSession, email: str, password_hash: str) -> UUID | None:
    """Make a person; None where somebody else has made one with this address meanwhile."""
    made = insert(UserRow).values(email=email.lower(), password_hash=password_hash).on_conflict_do_nothing()
    return await session.scalar(made.returning(UserRow.id))


async def take_back_tokens(session: AsyncSession, user_id: UUID) -> None:
    """No token that was given out to this person before the commit is taken any more, in any organisation."""
    taken_back = update(UserRow).where(UserRow.id == user_id).values(token_version=UserRow.token_version + 1)
    await session.execute(taken_back)


async def set_password(session: AsyncSession, user_id: UUID, password_hash: str, *, instead_of: str) -> bool:
    """Change a person's password and take back their tokens; False where another request did meanwhile."""
    changed = update(UserRow).where(UserRow.id == user_id, UserRow.password_hash == instead_of)
    changed = changed.values(password_hash=password_hash, token_version=UserRow.token_version + 1)
    return await session.scalar(changed.returning(UserRow.id)) is not None


async def _first(session: AsyncSession, who: ColumnElement[bool]) -> Member | None:
    query = _MEMBERS.where(who).order_by(MembershipRow.created_at, MembershipRow.organization_id).limit(1)
    row = (await session.execute(query)).first()
    return Member(*row) if row else None
