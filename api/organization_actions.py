"""What an admin does with the organisation."""

from sqlalchemy.ext.asyncio import AsyncSession

from api.auditing import note
from api.principal import Principal
from api.schemas.organizations import OrganizationChange
from storage.models import OrganizationRow
from storage.organizations import lock_organization


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
