"""Who signs in: the same answer, after the same time, for a wrong password and for an unknown address."""

from api.dependencies import Dependencies
from api.problems import Unauthenticated
from api.schemas.fields import storable_text
from storage.users import Member, member_by_email


async def sign_in(deps: Dependencies, email: str, password: str) -> Member:
    """The person with this address and password.

    Raises:
        Unauthenticated: there is nobody with both.
    """
    await deps.first_rows.ready()
    member = await _find(deps, email)
    password_hash = await deps.first_rows.decoy_hash() if member is None else member.password_hash
    matches = await deps.passwords.matches(password, password_hash)
    if member is None or not matches:
        raise Unauthenticated("The address or the password is wrong.")
    return member


async def _find(deps: Dependencies, email: str) -> Member | None:
    try:
        address = storable_text(email.strip())
    except ValueError:
        return None
    # The session ends before the password is compared: hashing takes long and needs no connection.
    async with deps.sessions() as session:
        return await member_by_email(session, address)
