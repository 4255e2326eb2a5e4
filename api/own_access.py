"""What somebody does with their own way in: sign out, another password, another organisation."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.auditing import note
from api.dependencies import Dependencies
from api.identification import Identity
from api.problems import Conflict, Forbidden, Invalid, Unauthenticated
from api.schemas.people import BelongingAnswer, MeAnswer, TokenAnswer
from api.signing_in import member_of
from api.tokens import Claims
from storage.memberships import belongings_of
from storage.organizations import get_organization
from storage.tokens import revoke_token
from storage.users import Member, get_member, set_password, take_back_tokens

FOR_PEOPLE = "This is for people who signed in; an API key is made, and revoked, under /api/v1/api-keys."


def token_for(deps: Dependencies, member: Member) -> TokenAnswer:
    return TokenAnswer(
        access_token=deps.tokens.issue(member),
        expires_in=deps.tokens.life_seconds,
        organization_id=member.organization_id,
    )


def claims_of(identity: Identity) -> Claims:
    """The token of a person.

    Raises:
        Forbidden: a machine asks.
    """
    if not isinstance(identity.credential, Claims):
        raise Forbidden(FOR_PEOPLE)
    return identity.credential


async def sign_out(session: AsyncSession, identity: Identity, *, everywhere: bool) -> None:
    """Take back this token, or all of the person's, from the commit on."""
    claims = claims_of(identity)
    if everywhere:
        await take_back_tokens(session, claims.user_id)
        note(session, identity.principal, "user.signed_out_everywhere", claims.user_id)
    await revoke_token(session, claims.token_id, claims.expires_at)
    await session.commit()


async def change_password(
    deps: Dependencies, identity: Identity, current: str, new: str, address: str | None
) -> TokenAnswer:
    """Another password; all tokens that were given out before are taken back, and a new one is given.

    Raises:
        Invalid: the current password is another one.
        Conflict: the password was changed at the same moment.
        TooManyRequests: it was tried too often of late.
    """
    claims = claims_of(identity)
    member = await member_of(deps, claims.user_id, claims.organization_id)
    this = await deps.throttle.enter(member.email, address)
    if not await deps.passwords.matches(current, member.password_hash):
        raise Invalid("current_password", "This is not your current password; nothing was changed.")
    await deps.throttle.succeeded(this)
    password_hash = await deps.passwords.hash(new)
    async with deps.sessions() as session:
        if not await set_password(session, claims.user_id, password_hash, instead_of=member.password_hash):
            raise Conflict("The password was changed at the same moment; sign in with the new one.")
        note(session, identity.principal, "user.password_changed", claims.user_id)
        changed = await get_member(session, claims.user_id, claims.organization_id)
        await session.commit()
    if changed is None:
        raise Unauthenticated("You don't belong to the organisation any more; sign in again.")
    return token_for(deps, changed)


async def switch(deps: Dependencies, identity: Identity, organization_id: UUID) -> TokenAnswer:
    """A token for another organisation of the same person; this one stays as it is."""
    claims = claims_of(identity)
    return token_for(deps, await member_of(deps, claims.user_id, organization_id))


async def who_is(session: AsyncSession, identity: Identity) -> MeAnswer:
    principal = identity.principal
    email = None
    if principal.user_id is not None:
        member = await get_member(session, principal.user_id, principal.organization_id)
        email = None if member is None else member.email
    return MeAnswer(
        user_id=principal.user_id,
        email=email,
        api_key_id=principal.api_key_id,
        organization_id=principal.organization_id,
        role=principal.role,
        expires_at=identity.credential.expires_at,
        organizations=await organizations_of(session, identity),
    )


async def organizations_of(session: AsyncSession, identity: Identity) -> list[BelongingAnswer]:
    """A person's, in the order in which they joined; a key has just its own."""
    principal = identity.principal
    if principal.user_id is not None:
        found = await belongings_of(session, principal.user_id)
        return [BelongingAnswer.of(one, principal.organization_id) for one in found]
    own = await get_organization(session, principal.organization_id)
    return [BelongingAnswer(id=own.id, name=own.name, role=principal.role, is_current=True)]
