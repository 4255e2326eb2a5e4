"""Who signs in: the same answer, after the same time, for a wrong password and for an unknown address."""

from dataclasses import dataclass
from uuid import UUID

from api.dependencies import Dependencies
from api.problems import Forbidden, Unauthenticated
from api.schemas.fields import storable_text
from storage.users import Member, get_member, member_by_email

NOT_A_MEMBER = "You don't belong to this organisation; GET /api/v1/auth/me names those you belong to."


@dataclass(frozen=True, slots=True)
class Credentials:
    """``address``: where they come from, as far as that is known."""

    email: str
    password: str
    address: str | None


async def sign_in(deps: Dependencies, given: Credentials, organization_id: UUID | None = None) -> Member:
    """The person with this address and password, in the organisation they name or else in the one they joined first.

    Raises:
        Unauthenticated: there is nobody with both.
        Forbidden: they don't belong to the organisation.
        TooManyRequests: it was tried too often of late.
    """
    await deps.first_rows.ready()
    email = given.email.strip()
    this = await deps.throttle.enter(email, given.address)
    member = await _find(deps, email)
    password_hash = await deps.first_rows.decoy_hash() if member is None else member.password_hash
    matches = await deps.passwords.matches(given.password, password_hash)
    if member is None or not matches:
        raise Unauthenticated("The address or the password is wrong.")
    await deps.throttle.succeeded(this)
    return member if organization_id is None else await member_of(deps, member.user_id, organization_id)


async def member_of(deps: Dependencies, user_id: UUID, organization_id: UUID) -> Member:
    async with deps.sessions() as session:
        member = await get_member(session, user_id, organization_id)
    if member is None:
        raise Forbidden(NOT_A_MEMBER)
    return member


async def _find(deps: Dependencies, email: str) -> Member | None:
    try:
        address = storable_text(email)
    except ValueError:
        return None
    # The session ends before the password is compared: hashing takes long and needs no connection.
    async with deps.sessions() as session:
        return await member_by_email(session, address)
