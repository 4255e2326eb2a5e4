"""Invitations that wait to be accepted."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import InvitationRow
from storage.pages import Cursor, Page, fetch_page


@dataclass(frozen=True, slots=True)
class NewInvitation:
    organization_id: UUID
    email: str
    role: str
    token_hash: str
    created_at: datetime
    expires_at: datetime


async def put_invitation(session: AsyncSession, new: NewInvitation) -> InvitationRow:
    """Invite somebody. Whoever was invited there already gets a new token, and the one before holds no more."""
    columns = {name: getattr(new, name) for name in NewInvitation.__dataclass_fields__}
    made = insert(InvitationRow).values(id=uuid4(), **columns)
    made = made.on_conflict_do_update(
        index_elements=[InvitationRow.organization_id, InvitationRow.email],
        set_={name: made.excluded[name] for name in ("id", "role", "token_hash", "created_at", "expires_at")},
    )
    return (await session.scalars(made.returning(InvitationRow))).one()


async def open_invitation(session: AsyncSession, token_hash: str, *, now: datetime) -> InvitationRow | None:
    query = select(InvitationRow).where(InvitationRow.token_hash == token_hash, InvitationRow.expires_at > now)
    return await session.scalar(query)


async def take_invitation(session: AsyncSession, token_hash: str, *, now: datetime) -> InvitationRow | None:
    """Use it up: of two who accept the same one at once, one gets it."""
    mine = (InvitationRow.token_hash == token_hash, InvitationRow.expires_at > now)
    return await session.scalar(delete(InvitationRow).where(*mine).returning(InvitationRow))


async def withdraw_invitation(session: AsyncSession, organization_id: UUID, invitation_id: UUID) -> bool:
    mine = (InvitationRow.id == invitation_id, InvitationRow.organization_id == organization_id)
    return await session.scalar(delete(InvitationRow).where(*mine).returning(InvitationRow.id)) is not None


async def invitations_page(
    session: AsyncSession, organization_id: UUID, *, now: datetime, limit: int, after: Cursor | None
) -> Page[InvitationRow]:
    statement = select(InvitationRow).where(
        InvitationRow.organization_id == organization_id, InvitationRow.expires_at > now
    )
    key = (InvitationRow.created_at, InvitationRow.id)
    page = await fetch_page(session, statement, key, limit=limit, after=after)
    return Page([row[0] for row in page.items], page.next_cursor)
