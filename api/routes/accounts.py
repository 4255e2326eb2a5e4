"""Accounts: workspaces at the voice provider, with their keys, agents and numbers."""

from uuid import UUID

from fastapi import APIRouter, Response

from api import account_actions, account_checks, account_setup
from api.dependencies import Admin, Deps, Reader, Session, Writer
from api.once import AdminOnce
from api.paging import PagingQuery, written
from api.problem_answers import may_answer
from api.schemas.accounts import (
    AccountAnswer,
    AccountChange,
    AccountInput,
    AccountKeyInput,
    AccountPage,
    AgentPage,
    CheckAnswer,
    NumberImport,
    NumberItem,
    NumberPage,
)
from storage.accounts import list_accounts

router = APIRouter(prefix="/api/v1/accounts", tags=["accounts"])


@router.post("", status_code=201)
async def post_account(
    body: AccountInput, principal: AdminOnce, session: Session, deps: Deps, response: Response
) -> AccountAnswer:
    account = await account_actions.make_account(deps, session, principal, body)
    response.headers["Location"] = f"/api/v1/accounts/{account.id}"
    return AccountAnswer.of(account)


@router.get("")
async def get_accounts(principal: Reader, session: Session, page: PagingQuery) -> AccountPage:
    accounts = await list_accounts(session, principal.organization_id, limit=page.limit, after=page.after)
    items = [AccountAnswer.of(account) for account in accounts.items]
    return AccountPage(items=items, next_cursor=written(accounts.next_cursor))


@router.get("/{account_id}")
async def get_one_account(account_id: UUID, principal: Reader, session: Session) -> AccountAnswer:
    return AccountAnswer.of(await account_actions.one_account(session, principal, account_id))


@router.patch("/{account_id}")
async def patch_account(account_id: UUID, body: AccountChange, principal: Writer, session: Session) -> AccountAnswer:
    return AccountAnswer.of(await account_actions.edit_account(session, principal, account_id, body))


@router.put("/{account_id}/api-key")
async def put_api_key(
    account_id: UUID, body: AccountKeyInput, principal: Admin, session: Session, deps: Deps
) -> AccountAnswer:
    key = body.api_key.get_secret_value()
    return AccountAnswer.of(await account_actions.replace_key(deps, session, principal, account_id, key))


@router.post("/{account_id}/resume")
async def resume_one_account(account_id: UUID, principal: Writer, session: Session, deps: Deps) -> AccountAnswer:
    return AccountAnswer.of(await account_actions.resume_account(deps, session, principal, account_id))


@router.post("/{account_id}/check")
async def check_account(account_id: UUID, principal: Writer, session: Session, deps: Deps) -> CheckAnswer:
    return await account_checks.check(deps, session, principal, account_id)


@router.get("/{account_id}/agents", responses=may_answer(409))
async def get_agents(account_id: UUID, principal: Reader, session: Session, deps: Deps) -> AgentPage:
    return AgentPage(items=await account_setup.agents(deps, session, principal, account_id))


@router.get("/{account_id}/numbers", responses=may_answer(409))
async def get_numbers(account_id: UUID, principal: Reader, session: Session, deps: Deps) -> NumberPage:
    return NumberPage(items=await account_setup.numbers(deps, session, principal, account_id))


@router.post("/{account_id}/numbers/import", status_code=201)
async def import_number(
    account_id: UUID, body: NumberImport, principal: AdminOnce, session: Session, deps: Deps
) -> NumberItem:
    return await account_setup.import_number(deps, session, principal, account_id, body)
