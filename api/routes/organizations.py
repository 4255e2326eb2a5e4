"""The organisation that somebody is signed in to."""

from fastapi import APIRouter

from api.dependencies import Admin, Reader, Session
from api.organization_actions import edit_organization
from api.schemas.organizations import OrganizationAnswer, OrganizationChange
from storage.organizations import get_organization

router = APIRouter(prefix="/api/v1/organizations", tags=["organizations"])


@router.get("/current")
async def get_current(principal: Reader, session: Session) -> OrganizationAnswer:
    return OrganizationAnswer.of(await get_organization(session, principal.organization_id))


@router.patch("/current")
async def patch_current(body: OrganizationChange, principal: Admin, session: Session) -> OrganizationAnswer:
    return OrganizationAnswer.of(await edit_organization(session, principal, body))
