"""A forgotten password: an admin resets it and passes on a token, with which its owner chooses another."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.auditing import note
from api.dependencies import Dependencies
from api.identification import hash_of
from api.own_access import FOR_PEOPLE, token_for
from api.people_actions import NOBODY, SECRET_BYTES
from api.principal import Principal
from api.problems import Conflict, Forbidden, NotFound
from api.schemas.people import TokenAnswer
from domain.vocabulary import Role
from storage.memberships import belongings_of, get_colleague
from storage.password_resets import is_reset, lock_user, put_reset, take_reset
from storage.users import first_member

RESET_PREFIX = "rst_"
RESET_LIFE = timedelta(hours=24)
RANKS = {Role.VIEWER: 1, Role.OPERATOR: 2, Role.ADMIN: 3}

OWN = "Change your own password with POST /api/v1/auth/password, which asks for the one that you have."
BEYOND_YOURS = (
    "This person also belongs to an organisation in which they may do more than you. Whoever resets their password"
    " could act for them there; ask somebody who may do as much in all of theirs."
)
NO_RESET = "This token doesn't hold: it was used, is older than 24 hours, or a newer one was made. Ask for another."


@dataclass(frozen=True, slots=True)
class MadeReset:
    user_id: UUID
    email: str
    token: str
    expires_at: datetime


async def reset_password(deps: Dependencies, session: AsyncSession, principal: Principal, user_id: UUID) -> MadeReset:
    """Have neither somebody's password nor their tokens hold any more; with the token they choose another password.

    Raises:
        Forbidden: a machine asks, or the person may do more in some organisation than whoever asks.
        Conflict: it is their own.
        NotFound: they don't belong to the organisation.
    """
    if principal.user_id is None:
        raise Forbidden(FOR_PEOPLE)
    if principal.user_id == user_id:
        raise Conflict(OWN)
    # As long as any other to compare with: signing in tells nobody that there is a reset.
    nobody_knows = await deps.passwords.hash(secrets.token_urlsafe(SECRET_BYTES))
    await lock_user(session, user_id)
    colleague = await get_colleague(session, principal.organization_id, user_id)
    if colleague is None:
        raise NotFound(NOBODY)
    if not await _may_do_as_much(session, principal.user_id, user_id):
        raise Forbidden(BEYOND_YOURS)
    token = RESET_PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    expires_at = deps.clock() + RESET_LIFE
    await put_reset(session, user_id, reset_hash=hash_of(token), password_hash=nobody_knows, expires_at=expires_at)
    note(session, principal, "user.password_reset", user_id)
    await session.commit()
    return MadeReset(user_id, colleague.email, token, expires_at)


async def accept_reset(deps: Dependencies, token: str, password: str) -> TokenAnswer:
    """Choose another password; the answer signs its owner in, in the organisation that they joined first.

    Raises:
        NotFound: the token doesn't hold any more.
    """
    async with deps.sessions() as session:
        if not await is_reset(session, hash_of(token), now=deps.clock()):
            raise NotFound(NO_RESET)
    password_hash = await deps.passwords.hash(password)
    async with deps.sessions() as session:
        user_id = await take_reset(session, hash_of(token), password_hash, now=deps.clock())
        member = None if user_id is None else await first_member(session, user_id)
        if member is None:
            raise NotFound(NO_RESET)
        owner = Principal(member.user_id, member.organization_id, member.role)
        note(session, owner, "user.password_changed", member.user_id, {"by_reset": True})
        await session.commit()
    return token_for(deps, member)


async def _may_do_as_much(session: AsyncSession, asking_id: UUID, user_id: UUID) -> bool:
    """Whether the one who asks may do all that the other may, in each organisation of the other's."""
    own = {one.organization_id: RANKS[Role(one.role)] for one in await belongings_of(session, asking_id)}
    theirs = await belongings_of(session, user_id)
    return all(own.get(one.organization_id, 0) >= RANKS[Role(one.role)] for one in theirs)
