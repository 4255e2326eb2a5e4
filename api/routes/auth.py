"""Signing in."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.security import OAuth2PasswordRequestForm
from pydantic import BaseModel

from api.dependencies import Deps
from api.signing_in import sign_in

router = APIRouter(prefix="/api/v1/auth", tags=["auth"])


class TokenAnswer(BaseModel):
    access_token: str
    token_type: str = "bearer"  # noqa: S105 - the kind of token, not a token
    expires_in: int


@router.post("/token")
async def give_token(form: Annotated[OAuth2PasswordRequestForm, Depends()], deps: Deps) -> TokenAnswer:
    member = await sign_in(deps, form.username, form.password)
    return TokenAnswer(access_token=deps.tokens.issue(member), expires_in=deps.tokens.life_seconds)
