"""What admins do with the people of their organisation, and how somebody who was invited joins."""

import secrets
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.auditing import note
from api.dependencies import Dependencies
from api.identification import hash_of
from api.own_access import token_for
from api.principal import Principal
from api.problems import Conflict, Invalid, NotFound
from api.schemas.people import SHORTEST_PASSWORD, TokenAnswer
from storage.invitations import (
    NewInvitation,
    open_invitation,
    put_invitation,
    take_invitation,
    withdraw_invitation,
)
from storage.memberships import (
    Colleague,
    add_membership,
    get_colleague,
    is_colleague,
    lock_admins,
    lock_membership,
    remove_membership,
)
from storage.models import InvitationRow, MembershipRow, UserRow
from storage.password_resets import drop_reset
from storage.users import add_user, get_member, take_back_tokens, user_by_email

INVITATION_PREFIX = "inv_"
INVITATION_LIFE = timedelta(days=7)
SECRET_BYTES = 32

NOBODY = "There is nobody with this id in the organisation."
LAST_ADMIN = "This is the last admin of the organisation; make somebody else an admin first."
NO_INVITATION = "This invitation doesn't hold: it was accepted or withdrawn, or is older than 7 days. Ask for another."


async def change_role(session: AsyncSession, principal: Principal, user_id: UUID, role: str) -> Colleague:
    """Give somebody another role, which their next request has."""
    membership = await _locked(session, principal, user_id, is_admin_afterwards=role == "admin")
    if membership.role != role:
        note(session, principal, "user.role_changed", user_id, {"from": membership.role, "to": role})
        membership.role = role
        await session.flush()
        await drop_reset(session, user_id)
    await session.commit()
    colleague = await get_colleague(session, principal.organization_id, user_id)
    if colleague is None:
        raise NotFound(NOBODY)
    return colleague


async def remove(session: AsyncSession, principal: Principal, user_id: UUID) -> None:
    """Have somebody leave the organisation; their next request is refused.

    All their tokens are taken back: one for this organisation must not hold again should they come back. That comes
    first, for once they have left, the organisation has nothing to do with their tokens any more.
    """
    membership = await _locked(session, principal, user_id, is_admin_afterwards=False)
    note(session, principal, "user.removed", user_id, {"role": membership.role})
    await session.flush()
    await take_back_tokens(session, user_id)
    await remove_membership(session, principal.organization_id, user_id)
    await session.commit()


async def invite(
    deps: Dependencies, session: AsyncSession, principal: Principal, email: str, role: str
) -> tuple[InvitationRow, str]:
    """An invitation and its token, which is shown this once. Somebody who was invited already gets a new one."""
    if await is_colleague(session, principal.organization_id, email):
        raise Conflict("This person belongs to the organisation already; change their role instead.")
    token = INVITATION_PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    now = deps.clock()
    row = await put_invitation(
        session,
        NewInvitation(
            organization_id=principal.organization_id,
            email=email,
            role=role,
            token_hash=hash_of(token),
            created_at=now,
            expires_at=now + INVITATION_LIFE,
        ),
    )
    note(session, principal, "invitation.made", row.id, {"role": role})
    await session.commit()
    return row, token


async def withdraw(session: AsyncSession, principal: Principal, invitation_id: UUID) -> None:
    if not await withdraw_invitation(session, principal.organization_id, invitation_id):
        raise NotFound("There is no open invitation with this id.")
    note(session, principal, "invitation.withdrawn", invitation_id)
    await session.commit()


async def accept(deps: Dependencies, token: str, password: str, address: str | None) -> TokenAnswer:
    """Join the organisation, as a new person or as one who is known from another; the answer signs them in there.

    Raises:
        NotFound: the invitation doesn't hold any more.
        Invalid: the password is too short for a new person, or isn't that of the known one.
        TooManyRequests: it was tried too often of late.
    """
    async with deps.sessions() as session:
        invitation = await open_invitation(session, hash_of(token), now=deps.clock())
        known = None if invitation is None else await user_by_email(session, invitation.email)
    if invitation is None:
        raise NotFound(NO_INVITATION)
    new_hash = await _settle_password(deps, invitation.email, known, password, address)
    async with deps.sessions() as session:
        taken = await take_invitation(session, hash_of(token), now=deps.clock())
        if taken is None:
            raise NotFound(NO_INVITATION)
        user_id = known.id if known is not None else await add_user(session, taken.email, new_hash)
        if user_id is None:
            raise Conflict("This address got an account at the same moment; accept again with its password.")
        return await _join(deps, session, taken, user_id)


async def _settle_password(
    deps: Dependencies, email: str, known: UserRow | None, password: str, address: str | None
) -> str:
    """The hash of a new person's password; of a known one the one that stands, when the password is theirs."""
    if known is None:
        if len(password) < SHORTEST_PASSWORD:
            raise Invalid("password", f"Choose a password of {SHORTEST_PASSWORD} characters at least.")
        return await deps.passwords.hash(password)
    this = await deps.throttle.enter(email, address)
    if not await deps.passwords.matches(password, known.password_hash):
        raise Invalid("password", "This address has an account already; give the password of that account.")
    await deps.throttle.succeeded(this)
    return known.password_hash


async def _join(deps: Dependencies, session: AsyncSession, invitation: InvitationRow, user_id: UUID) -> TokenAnswer:
    organization_id = invitation.organization_id
    if await add_membership(session, organization_id, user_id, invitation.role):
        joined = Principal(user_id, organization_id, invitation.role)
        note(session, joined, "user.joined", user_id, {"role": invitation.role})
    member = await get_member(session, user_id, organization_id)
    await session.commit()
    if member is None:
        raise NotFound(NO_INVITATION)
    return token_for(deps, member)


async def _locked(
    session: AsyncSession, principal: Principal, user_id: UUID, *, is_admin_afterwards: bool
) -> MembershipRow:
    """Somebody's membership, while nobody else changes who is an admin.

    Raises:
        NotFound: they don't belong to the organisation.
        Conflict: nobody would be left to administer it.
    """
    admins = await lock_admins(session, principal.organization_id)
    membership = await lock_membership(session, principal.organization_id, user_id)
    if membership is None:
        raise NotFound(NOBODY)
    if not is_admin_afterwards and set(admins) == {user_id}:
        raise Conflict(LAST_ADMIN)
    return membership
