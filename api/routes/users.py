"""The people of the organisation, and who is invited."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from api.dependencies import Admin, Deps, Reader, Session, SystemSession
from api.once import AdminOnceSecret
from api.paging import PagingQuery, written
from api.password_resets import reset_password
from api.people_actions import change_role, invite, remove, withdraw
from api.problem_answers import may_answer
from api.schemas.people import (
    InvitationAnswer,
    InvitationInput,
    InvitationPage,
    MadeInvitationAnswer,
    MadeResetAnswer,
    UserAnswer,
    UserChange,
    UserPage,
)
from storage.invitations import invitations_page
from storage.memberships import colleagues_page

router = APIRouter(prefix="/api/v1/users", tags=["users"])


@router.get("", summary="List people")
async def get_users(principal: Reader, session: Session, page: PagingQuery) -> UserPage:
    found = await colleagues_page(session, principal.organization_id, limit=page.limit, after=page.after)
    return UserPage(items=[UserAnswer.of(one) for one in found.items], next_cursor=written(found.next_cursor))


@router.post("/invitations", status_code=201, summary="Invite somebody")
async def post_invitation(
    body: InvitationInput, principal: AdminOnceSecret, session: Session, deps: Deps
) -> MadeInvitationAnswer:
    """No mail is sent: pass the token on to whom you invite. It holds for 7 days, and once.

    Inviting the same address again gives a new token, and the one before holds no more.
    """
    row, token = await invite(deps, session, principal, body.email, body.role)
    return MadeInvitationAnswer.made(row, token)


@router.get("/invitations", summary="List open invitations")
async def get_invitations(principal: Admin, session: Session, deps: Deps, page: PagingQuery) -> InvitationPage:
    found = await invitations_page(
        session, principal.organization_id, now=deps.clock(), limit=page.limit, after=page.after
    )
    items = [InvitationAnswer.of(row) for row in found.items]
    return InvitationPage(items=items, next_cursor=written(found.next_cursor))


@router.delete("/invitations/{invitation_id}", status_code=204, summary="Withdraw an invitation")
async def delete_invitation(invitation_id: UUID, principal: Admin, session: Session) -> Response:
    await withdraw(session, principal, invitation_id)
    return Response(status_code=204)


@router.patch("/{user_id}", summary="Give somebody another role")
async def patch_user(user_id: UUID, body: UserChange, principal: Admin, session: Session) -> UserAnswer:
    """Their next request has it. The last admin stays one (409)."""
    return UserAnswer.of(await change_role(session, principal, user_id, body.role))


@router.post("/{user_id}/password-reset", summary="Reset somebody's password")
async def post_password_reset(user_id: UUID, principal: Admin, session: SystemSession, deps: Deps) -> MadeResetAnswer:
    """Their password holds no more at once, nor do their tokens. No mail is sent: pass the token on to them.

    It holds for 24 hours, and once; another reset gives a new one. Joining an organisation or getting another role ends
    it too. Whoever may do more than you in some organisation of theirs has to be reset by somebody there (403).
    """
    made = await reset_password(deps, session, principal, user_id)
    return MadeResetAnswer(user_id=made.user_id, email=made.email, token=made.token, expires_at=made.expires_at)


@router.delete(
    "/{user_id}", status_code=204, summary="Remove somebody from the organisation", responses=may_answer(409)
)
async def delete_user(user_id: UUID, principal: Admin, session: Session) -> Response:
    """Their next request is refused, and they are signed out everywhere. The last admin stays (409).

    What they did stays in the audit log, and API keys that they made go on: those belong to the organisation.
    """
    await remove(session, principal, user_id)
    return Response(status_code=204)
