"""The organisation that somebody is signed in to, and the others they belong to."""

from fastapi import APIRouter

from api.dependencies import Admin, Reader, Session, SignedIn, SystemSession
from api.once import AdminOnce
from api.organization_actions import edit_organization, make_organization
from api.own_access import organizations_of
from api.schemas.organizations import OrganizationAnswer, OrganizationChange, OrganizationInput
from api.schemas.people import BelongingPage
from storage.organizations import get_organization

router = APIRouter(prefix="/api/v1/organizations", tags=["organizations"])


@router.get("/current")
async def get_current(principal: Reader, session: Session) -> OrganizationAnswer:
    return OrganizationAnswer.of(await get_organization(session, principal.organization_id))


@router.patch("/current")
async def patch_current(body: OrganizationChange, principal: Admin, session: Session) -> OrganizationAnswer:
    return OrganizationAnswer.of(await edit_organization(session, principal, body))


@router.get("", summary="List the organisations that you belong to")
async def get_organizations(identity: SignedIn, session: SystemSession) -> BelongingPage:
    return BelongingPage(items=await organizations_of(session, identity))


@router.post("", status_code=201, summary="Make another organisation")
async def post_organization(
    body: OrganizationInput, principal: AdminOnce, session: SystemSession
) -> OrganizationAnswer:
    """You are its admin; `POST /api/v1/auth/token/switch` gives you a token for it. It begins empty."""
    return OrganizationAnswer.of(await make_organization(session, principal, body.name))
