"""What an admin does with the organisation."""

from sqlalchemy.ext.asyncio import AsyncSession

from api.auditing import note
from api.own_access import FOR_PEOPLE
from api.principal import Principal
from api.problems import Forbidden
from api.schemas.organizations import OrganizationChange
from storage.memberships import add_membership
from storage.models import OrganizationRow
from storage.organizations import add_organization, lock_organization


async def edit_organization(session: AsyncSession, principal: Principal, change: OrganizationChange) -> OrganizationRow:
    """Change what is named; the next grant counts by the new limits. Calls that are live go on."""
    organization = await lock_organization(session, principal.organization_id)
    columns = change.model_dump(exclude_unset=True)
    for column, value in columns.items():
        setattr(organization, column, value)
    if columns:
        note(session, principal, "organization.changed", organization.id, {"fields": sorted(columns)})
    await session.commit()
    return organization


async def make_organization(session: AsyncSession, principal: Principal, name: str) -> OrganizationRow:
    """Another organisation, whose admin is whoever makes it; both audit logs say so."""
    if principal.user_id is None:
        raise Forbidden(FOR_PEOPLE)
    organization = await add_organization(session, name)
    await add_membership(session, organization.id, principal.user_id, "admin")
    note(session, principal, "organization.made", organization.id)
    note(session, Principal(principal.user_id, organization.id, "admin"), "organization.made", organization.id)
    await session.commit()
    return organization
