"""What people do with accounts: one transaction each, and none that waits for the provider."""

import asyncio
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from activities.account_clients import SIMULATOR
from activities.aftermath import tell
from activities.parked import release
from api.auditing import note
from api.dependencies import Dependencies
from api.principal import Principal
from api.problems import Conflict, Invalid, NotFound, Unavailable
from api.schemas.accounts import AccountChange, AccountInput
from api.webhook_key_actions import NO_ACCOUNT, fingerprint_of
from api.workspaces import as_problem
from runtime.sealing import Sealing
from runtime.settings import Settings
from storage.accounts import add_account, default_account, get_account
from storage.campaigns import replan_account
from storage.models import AccountRow
from storage.right_of_way import take_right_of_way
from telephony.errors import ProviderError, ProviderRejected, RejectionReason
from telephony.retell_answers import DEFAULT_BASE_URL

PATIENCE_SECONDS = 10.0

SAME_KEY = "Another account of yours has this key; a workspace with two accounts would be dialled beyond its limits."
NO_SEALING = "Keys can't be stored here yet; set LEADLINE_SECRETS_KEY for the API and the worker and start them again."


async def make_account(
    deps: Dependencies, session: AsyncSession, principal: Principal, body: AccountInput
) -> AccountRow:
    """Store an account whose key the provider takes; the key is sealed, and shown to nobody again."""
    base_url = _base_url(deps.settings, body)
    key = None if body.api_key is None else body.api_key.get_secret_value()
    if key is None and body.provider != SIMULATOR:
        raise Invalid("api_key", "Give the key that the provider's dashboard shows under API keys.")
    if key is None and SIMULATOR not in deps.workspaces.kinds:
        raise Conflict("No simulator runs here; it does where no RETELL_API_KEY is set.")
    columns = body.model_dump(exclude={"api_key", "base_url"}) | {"base_url": base_url}
    if key is not None:
        columns |= _sealed(_sealing(deps), key)
        await _refuse_default_key(deps, session, principal, body.provider, key)
        await session.rollback()  # nobody's connection waits for the provider
        await _prove(deps, body.provider, key, base_url)
    try:
        account = await add_account(session, principal.organization_id, columns)
    except IntegrityError as error:
        raise Conflict(SAME_KEY) from error
    _audit(session, principal, "account.made", account)
    await session.commit()
    return account


async def one_account(session: AsyncSession, principal: Principal, account_id: UUID) -> AccountRow:
    account = await get_account(session, principal.organization_id, account_id)
    if account is None:
        raise NotFound(NO_ACCOUNT)
    return account


async def replace_key(
    deps: Dependencies, session: AsyncSession, principal: Principal, account_id: UUID, key: str
) -> AccountRow:
    """Dial with another key from now on, once the provider takes it. Safe to repeat.

    What was parked for the old key's sake goes on.
    """
    account = await one_account(session, principal, account_id)
    sealing = _sealing(deps)
    if account.is_default:
        raise Conflict("The key of a default account is the environment's: change RETELL_API_KEY and start again.")
    kind, base_url = account.provider, account.base_url
    await session.rollback()
    await _prove(deps, kind, key, base_url)
    account = await _locked(session, principal, account_id)
    for column, value in _sealed(sealing, key).items():
        setattr(account, column, value)
    _audit(session, principal, "account.key_replaced", account)
    try:
        await session.flush()
    except IntegrityError as error:
        raise Conflict(SAME_KEY) from error
    account = await _released(deps, session, account)
    deps.webhook_keys.forget(account_id)
    return account


async def edit_account(
    session: AsyncSession, principal: Principal, account_id: UUID, change: AccountChange
) -> AccountRow:
    """Change what is named; the next grant counts by the new limits."""
    account = await _locked(session, principal, account_id)
    for column, value in change.model_dump(exclude_unset=True).items():
        setattr(account, column, value)
    await session.commit()
    return account


async def resume_account(
    deps: Dependencies, session: AsyncSession, principal: Principal, account_id: UUID
) -> AccountRow:
    """Let an account that was parked at a refusal dial again. Safe to repeat."""
    account = await _locked(session, principal, account_id)
    return await _released(deps, session, account)


async def _locked(session: AsyncSession, principal: Principal, account_id: UUID) -> AccountRow:
    await take_right_of_way(session, principal.organization_id)
    return await one_account(session, principal, account_id)


async def _refuse_default_key(
    deps: Dependencies, session: AsyncSession, principal: Principal, kind: str, key: str
) -> None:
    """The environment's key belongs to the default account, which would be dialled beyond its limits by another."""
    if deps.settings.provider_keys.get(kind) != key:
        return
    default = await default_account(session, principal.organization_id, kind)
    if default is not None:
        detail = "The default account has this key already, by the environment; use that one."
        raise Conflict(detail, more={"account_id": str(default.id)})


async def _released(deps: Dependencies, session: AsyncSession, account: AccountRow) -> AccountRow:
    await replan_account(session, account.id, deps.clock())
    lines = await release(session, AccountRow, account.id, now=deps.clock())
    await session.commit()
    tell(lines)
    await session.refresh(account)
    return account


def _sealing(deps: Dependencies) -> Sealing:
    if deps.sealing is None:
        raise Conflict(NO_SEALING)
    return deps.sealing


def _sealed(sealing: Sealing, key: str) -> dict[str, str]:
    return {"sealed_key": sealing.seal(key), "key_fingerprint": fingerprint_of(key)}


def _base_url(settings: Settings, body: AccountInput) -> str | None:
    """Where its calls go; none for where its provider usually is.

    Whoever may make accounts must not have this machine ask whatever address he likes, with or without a key.
    """
    if body.base_url is None:
        return None
    usual = {"retell": {DEFAULT_BASE_URL}, SIMULATOR: set[str]()}[body.provider]
    allowed = usual | {*settings.account_urls} | {settings.provider_urls.get(body.provider)}
    wanted = body.base_url.rstrip("/")
    if wanted not in allowed or (body.provider != SIMULATOR and wanted == settings.simulator_url):
        raise Invalid("base_url", "This address isn't allowed here; LEADLINE_ACCOUNT_URLS names those that are.")
    return wanted


async def _prove(deps: Dependencies, kind: str, key: str, base_url: str | None) -> None:
    """Have the provider answer a question that this key asks.

    Raises:
        Invalid: it doesn't take the key.
        Unavailable: it couldn't be asked; nothing was stored.
    """
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await deps.workspaces.with_key(kind, key, base_url).concurrency()
    except ValueError as error:
        raise Invalid("api_key", "No key has such characters; copy it again from the provider's dashboard.") from error
    except ProviderRejected as error:
        if error.reason is RejectionReason.ACCOUNT:
            raise Invalid("api_key", "The provider doesn't take this key; copy it again from its dashboard.") from error
        raise as_problem(error) from error
    except (ProviderError, TimeoutError) as error:
        raise Unavailable("The provider couldn't be asked whether it takes the key; nothing was stored.") from error


def _audit(session: AsyncSession, principal: Principal, action: str, account: AccountRow) -> None:
    note(session, principal, action, account.id, {"fingerprint": account.key_fingerprint})
