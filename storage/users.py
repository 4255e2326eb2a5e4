"""People who sign in, and what they may do where."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import MembershipRow, UserRow


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


async def member_by_email(session: AsyncSession, email: str) -> Member | None:
    """The person with this address in the organisation they joined first; addresses are kept in lower case."""
    query = _MEMBERS.where(UserRow.email == email.lower())
    query = query.order_by(MembershipRow.created_at, MembershipRow.organization_id).limit(1)
    row = (await session.execute(query)).first()
    return Member(*row) if row else None


async def get_member(session: AsyncSession, user_id: UUID, organization_id: UUID) -> Member | None:
    query = _MEMBERS.where(UserRow.id == user_id, MembershipRow.organization_id == organization_id)
    row = (await session.execute(query)).first()
    return Member(*row) if row else None


async def token_versions(session: AsyncSession, user_ids: Collection[UUID]) -> dict[tuple[UUID, UUID], int]:
    """The version of the tokens that are valid now, for each of these people in each of their organisations."""
    query = select(UserRow.id, MembershipRow.organization_id, UserRow.token_version)
    query = query.join(MembershipRow, MembershipRow.user_id == UserRow.id).where(UserRow.id.in_(user_ids))
    return {(row[0], row[1]): row[2] for row in await session.execute(query)}


async def user_by_email(session: AsyncSession, email: str) -> UserRow | None:
    return await session.scalar(select(UserRow).where(UserRow.email == email.lower()))
