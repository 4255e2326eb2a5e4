"""Signing in and out, and who one is."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from fastapi.security import OAuth2PasswordRequestForm
from starlette.responses import Response

from api.dependencies import Deps, SignedIn, SystemSession
from api.own_access import change_password, sign_out, switch, token_for, who_is
from api.password_resets import accept_reset
from api.people_actions import accept
from api.problem_answers import may_answer
from api.schemas.people import (
    AcceptInput,
    AcceptResetInput,
    MeAnswer,
    PasswordChange,
    SignOutInput,
    SwitchInput,
    TokenAnswer,
)
from api.signing_in import Credentials, sign_in

router = APIRouter(prefix="/api/v1/auth", tags=["auth"])

OrganizationField = Annotated[
    UUID | None,
    Form(description="For which of your organisations the token speaks; else for the one that you joined first."),
]


@router.post("/token", operation_id="sign_in", summary="Sign in", responses=may_answer(401, 429))
async def give_token(
    form: Annotated[OAuth2PasswordRequestForm, Depends()],
    deps: Deps,
    request: Request,
    organization_id: OrganizationField = None,
) -> TokenAnswer:
    """A token for one organisation: what it reads and writes is that organisation's, in your role there.

    `scope` and the client's fields of OAuth 2 are taken and mean nothing. After ten wrong passwords for one address,
    or a hundred from one place, within fifteen minutes the answer is 429.
    """
    given = Credentials(form.username, form.password, address_of(request))
    return token_for(deps, await sign_in(deps, given, organization_id))


@router.post("/token/switch", summary="Get a token for another of your organisations")
async def switch_organization(body: SwitchInput, identity: SignedIn, deps: Deps) -> TokenAnswer:
    """As choosing another account at Stripe or another organization at Auth0: each token speaks for one organisation.

    The token that you ask with stays valid; sign it out if you don't need it any more.
    """
    return await switch(deps, identity, body.organization_id)


@router.get("/me", summary="Who am I, and where do I belong")
async def get_me(identity: SignedIn, session: SystemSession) -> MeAnswer:
    return await who_is(session, identity)


@router.post("/sign-out", status_code=204, summary="Sign out")
async def post_sign_out(identity: SignedIn, session: SystemSession, body: SignOutInput | None = None) -> Response:
    """The token is taken back at once, in all processes. With `everywhere` all of yours are."""
    await sign_out(session, identity, everywhere=body is not None and body.everywhere)
    return Response(status_code=204)


@router.post("/password", summary="Change your password")
async def post_password(body: PasswordChange, identity: SignedIn, deps: Deps, request: Request) -> TokenAnswer:
    """All your tokens are taken back; go on with the one in the answer."""
    current, new = body.current_password.get_secret_value(), body.new_password.get_secret_value()
    return await change_password(deps, identity, current, new, address_of(request))


@router.post(
    "/accept-invitation", summary="Join an organisation that invited you", responses=may_answer(401, 404, 409, 429)
)
async def accept_invitation(body: AcceptInput, deps: Deps, request: Request) -> TokenAnswer:
    """The answer signs you in there. A new person chooses their password; who has an account here gives its own."""
    token, password = body.token.get_secret_value(), body.password.get_secret_value()
    return await accept(deps, token, password, address_of(request))


@router.post("/accept-password-reset", summary="Choose another password after a reset", responses=may_answer(404))
async def accept_password_reset(body: AcceptResetInput, deps: Deps) -> TokenAnswer:
    """The answer signs you in, for the organisation that you joined first."""
    return await accept_reset(deps, body.token.get_secret_value(), body.password.get_secret_value())


def address_of(request: Request) -> str | None:
    """Where a request comes from; behind a proxy whom it names, if the server was told to believe it."""
    return None if request.client is None else request.client.host
