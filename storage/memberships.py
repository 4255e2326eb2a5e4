"""Who belongs to which organisation, in which role."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import MembershipRow, OrganizationRow, UserRow
from storage.pages import Cursor, Page, fetch_page
from storage.password_resets import drop_reset


@dataclass(frozen=True, slots=True)
class Colleague:
    """A person as the others of an organisation see them."""

    id: UUID
    email: str
    role: str
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class Belonging:
    """An organisation as one of its people sees it."""

    organization_id: UUID
    name: str
    role: str


_COLLEAGUES = select(
    UserRow.id, UserRow.email, MembershipRow.role, MembershipRow.created_at, MembershipRow.user_id
).join(MembershipRow, MembershipRow.user_id == UserRow.id)


async def colleagues_page(
    session: AsyncSession, organization_id: UUID, *, limit: int, after: Cursor | None
) -> Page[Colleague]:
    """Who joined last comes first."""
    statement = _COLLEAGUES.where(MembershipRow.organization_id == organization_id)
    key = (MembershipRow.created_at, MembershipRow.user_id)
    page = await fetch_page(session, statement, key, limit=limit, after=after)
    return Page([Colleague(*row[:4]) for row in page.items], page.next_cursor)


async def get_colleague(session: AsyncSession, organization_id: UUID, user_id: UUID) -> Colleague | None:
    mine = (MembershipRow.organization_id == organization_id, MembershipRow.user_id == user_id)
    row = (await session.execute(_COLLEAGUES.where(*mine))).first()
    return Colleague(*row[:4]) if row else None


async def is_colleague(session: AsyncSession, organization_id: UUID, email: str) -> bool:
    query = _COLLEAGUES.where(MembershipRow.organization_id == organization_id, UserRow.email == email)
    return (await session.execute(query)).first() is not None


async def belongings_of(session: AsyncSession, user_id: UUID) -> Sequence[Belonging]:
    """The organisations of a person, in the order in which they joined."""
    query = select(MembershipRow.organization_id, OrganizationRow.name, MembershipRow.role)
    query = query.join(OrganizationRow, OrganizationRow.id == MembershipRow.organization_id)
    query = query.where(MembershipRow.user_id == user_id)
    rows = await session.execute(query.order_by(MembershipRow.created_at, MembershipRow.organization_id))
    return [Belonging(*row) for row in rows]


async def lock_admins(session: AsyncSession, organization_id: UUID) -> Collection[UUID]:
    """The people who are admins, and stay it until the transaction ends: of two who change each other one waits."""
    query = select(MembershipRow.user_id).where(
        MembershipRow.organization_id == organization_id, MembershipRow.role == "admin"
    )
    return (await session.scalars(query.order_by(MembershipRow.user_id).with_for_update())).all()


async def has_admin(session: AsyncSession, organization_id: UUID) -> bool:
    query = exists().where(MembershipRow.organization_id == organization_id, MembershipRow.role == "admin")
    return bool(await session.scalar(select(query)))


async def lock_membership(session: AsyncSession, organization_id: UUID, user_id: UUID) -> MembershipRow | None:
    """After ``lock_admins``, always."""
    mine = (MembershipRow.organization_id == organization_id, MembershipRow.user_id == user_id)
    return await session.scalar(
        select(MembershipRow).where(*mine).with_for_update().execution_options(populate_existing=True)
    )


async def add_membership(session: AsyncSession, organization_id: UUID, user_id: UUID, role: str) -> bool:
    """Let a person belong to an organisation; False where they do already, and their role stays."""
    made = insert(MembershipRow).values(organization_id=organization_id, user_id=user_id, role=role)
    made = made.on_conflict_do_nothing()
    is_new = await session.scalar(made.returning(MembershipRow.user_id)) is not None
    if is_new:
        await drop_reset(session, user_id)
    return is_new


async def remove_membership(session: AsyncSession, organization_id: UUID, user_id: UUID) -> None:
    mine = (MembershipRow.organization_id == organization_id, MembershipRow.user_id == user_id)
    await session.execute(delete(MembershipRow).where(*mine))
