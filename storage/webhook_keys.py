"""Keys of accounts for their webhooks, as they are stored: sealed."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID, uuid4

from sqlalchemy import Uuid, any_, delete, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import AccountRow, WebhookKeyRow


async def keys_of(session: AsyncSession, account_id: UUID) -> Sequence[WebhookKeyRow]:
    """The account's keys, the newest first."""
    query = select(WebhookKeyRow).where(WebhookKeyRow.account_id == account_id)
    return (await session.scalars(query.order_by(WebhookKeyRow.created_at.desc(), WebhookKeyRow.id))).all()


async def keys_of_accounts(
    session: AsyncSession, account_ids: Sequence[UUID]
) -> Mapping[UUID, Sequence[WebhookKeyRow]]:
    """The keys of each of these accounts that has any, the newest first."""
    query = select(WebhookKeyRow).where(WebhookKeyRow.account_id == any_(literal(account_ids, ARRAY(Uuid))))
    found: defaultdict[UUID, list[WebhookKeyRow]] = defaultdict(list)
    for row in await session.scalars(query.order_by(WebhookKeyRow.created_at.desc(), WebhookKeyRow.id)):
        found[row.account_id].append(row)
    return found


async def put_key(session: AsyncSession, account: AccountRow, *, fingerprint: str, sealed: str) -> WebhookKeyRow:
    """Keep a key, or seal the one that has this fingerprint anew. Safe to repeat."""
    values = {
        "id": uuid4(),
        "organization_id": account.organization_id,
        "account_id": account.id,
        "fingerprint": fingerprint,
        "sealed": sealed,
    }
    statement = insert(WebhookKeyRow).values(values)
    statement = statement.on_conflict_do_update(
        index_elements=["account_id", "fingerprint"], set_={"sealed": statement.excluded.sealed}
    )
    rows = await session.scalars(statement.returning(WebhookKeyRow), execution_options={"populate_existing": True})
    return rows.one()


async def remove_key(session: AsyncSession, account_id: UUID, key_id: UUID) -> str | None:
    """Forget a key; its fingerprint, or None when the account has no such key."""
    statement = delete(WebhookKeyRow).where(WebhookKeyRow.id == key_id, WebhookKeyRow.account_id == account_id)
    return await session.scalar(statement.returning(WebhookKeyRow.fingerprint))
