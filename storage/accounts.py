"""Accounts: the workspaces at the voice provider."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Uuid, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import AccountRow, NumberPoolRow
from storage.pages import Cursor, Page, fetch_page


class AccountAddress(NamedTuple):
    """Where an account's calls go out, and with which key. ``base_url`` of none: where its kind usually is.

    ``sealed_key`` of none: it has no key of its own, and a default one speaks with the environment's.
    """

    account_id: UUID
    provider: str
    is_default: bool
    base_url: str | None
    sealed_key: str | None


ADDRESS = (
    AccountRow.id,
    AccountRow.provider,
    AccountRow.is_default,
    AccountRow.base_url,
    AccountRow.sealed_key,
)
"""The columns of an ``AccountAddress``."""


def address_of(account: AccountRow) -> AccountAddress:
    return AccountAddress(account.id, account.provider, bool(account.is_default), account.base_url, account.sealed_key)


async def get_accounts(
    session: AsyncSession, organization_id: UUID, account_ids: Collection[UUID]
) -> Sequence[AccountRow]:
    """Those of the accounts that exist in this organisation."""
    query = select(AccountRow).where(AccountRow.id.in_(account_ids), AccountRow.organization_id == organization_id)
    return (await session.scalars(query)).all()


async def get_account(session: AsyncSession, organization_id: UUID, account_id: UUID) -> AccountRow | None:
    query = select(AccountRow).where(AccountRow.id == account_id, AccountRow.organization_id == organization_id)
    return await session.scalar(query)


async def account_by_id(session: AsyncSession, account_id: UUID) -> AccountRow | None:
    """The account, whosever it is."""
    return await session.get(AccountRow, account_id)


async def accounts_by_id(session: AsyncSession, account_ids: Sequence[UUID]) -> Mapping[UUID, AccountRow]:
    """Those of these accounts that there are, whosever they are: for webhooks, which come without a person."""
    rows = await session.scalars(select(AccountRow).where(AccountRow.id == any_(literal(account_ids, ARRAY(Uuid)))))
    return {row.id: row for row in rows}


async def account_of_pool(session: AsyncSession, number_pool_id: UUID) -> AccountRow | None:
    """The account through which calls of this pool go out; None when there is no such pool."""
    query = select(AccountRow).join(NumberPoolRow, NumberPoolRow.account_id == AccountRow.id)
    return await session.scalar(query.where(NumberPoolRow.id == number_pool_id))


async def default_account(session: AsyncSession, organization_id: UUID, provider: str) -> AccountRow | None:
    query = select(AccountRow).where(
        AccountRow.organization_id == organization_id, AccountRow.provider == provider, AccountRow.is_default
    )
    return await session.scalar(query)


async def add_account(session: AsyncSession, organization_id: UUID, columns: Mapping[str, Any]) -> AccountRow:
    """Insert an account.

    Raises:
        sqlalchemy.exc.IntegrityError: the organisation has an account with this key.
    """
    row = AccountRow(organization_id=organization_id, is_default=False, **columns)
    session.add(row)
    await session.flush()
    return row


async def list_accounts(
    session: AsyncSession, organization_id: UUID, *, limit: int, after: Cursor | None
) -> Page[AccountRow]:
    statement = select(AccountRow).where(AccountRow.organization_id == organization_id)
    page = await fetch_page(session, statement, (AccountRow.created_at, AccountRow.id), limit=limit, after=after)
    return Page([row[0] for row in page.items], page.next_cursor)
