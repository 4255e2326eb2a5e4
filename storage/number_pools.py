"""Number pools and the caller IDs in them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import AccountRow, CallerIdRow, NumberPoolRow
from storage.pages import Cursor, Page, fetch_page


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolTerms:
    """What people decide about a pool. ``cost_per_minute`` is in the currency's main unit."""

    account_id: UUID
    name: str
    carrier: str
    max_live_calls: int
    max_calls_per_second: float
    max_calls_per_number_per_day: int | None
    cost_per_minute: Decimal | None


async def get_pool(session: AsyncSession, organization_id: UUID, pool_id: UUID) -> NumberPoolRow | None:
    query = select(NumberPoolRow).where(NumberPoolRow.id == pool_id, NumberPoolRow.organization_id == organization_id)
    return await session.scalar(query)


async def lock_pool(session: AsyncSession, organization_id: UUID, pool_id: UUID) -> NumberPoolRow | None:
    query = select(NumberPoolRow).where(NumberPoolRow.id == pool_id, NumberPoolRow.organization_id == organization_id)
    query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return await session.scalar(query)


async def default_pool(session: AsyncSession, organization_id: UUID, provider: str) -> NumberPoolRow | None:
    """The pool that is used when nobody names one, of an account of this provider."""
    query = (
        select(NumberPoolRow)
        .join(AccountRow, AccountRow.id == NumberPoolRow.account_id)
        .where(
            NumberPoolRow.organization_id == organization_id, NumberPoolRow.is_default, AccountRow.provider == provider
        )
        .order_by(NumberPoolRow.created_at)
        .limit(1)
    )
    return await session.scalar(query)


async def pools_of_account(session: AsyncSession, account_id: UUID) -> Sequence[NumberPoolRow]:
    query = select(NumberPoolRow).where(NumberPoolRow.account_id == account_id).order_by(NumberPoolRow.created_at)
    return (await session.scalars(query)).all()


async def provider_of_pool(session: AsyncSession, pool_id: UUID) -> str:
    """``retell`` or ``simulator``: where calls of this pool go out."""
    query = select(AccountRow.provider).join(NumberPoolRow, NumberPoolRow.account_id == AccountRow.id)
    return (await session.scalars(query.where(NumberPoolRow.id == pool_id))).one()


async def list_pools(
    session: AsyncSession, organization_id: UUID, *, limit: int, after: Cursor | None
) -> Page[NumberPoolRow]:
    statement = select(NumberPoolRow).where(NumberPoolRow.organization_id == organization_id)
    key = (NumberPoolRow.created_at, NumberPoolRow.id)
    page = await fetch_page(session, statement, key, limit=limit, after=after)
    return Page([row[0] for row in page.items], page.next_cursor)


async def add_pool(session: AsyncSession, organization_id: UUID, terms: PoolTerms) -> NumberPoolRow:
    """Insert a pool.

    Raises:
        sqlalchemy.exc.IntegrityError: the organisation has a pool of this name.
    """
    row = NumberPoolRow(organization_id=organization_id, **asdict(terms))
    session.add(row)
    await session.flush()
    return row


async def caller_ids(session: AsyncSession, pool_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[str]]:
    """The numbers of each pool, in E.164 and in the order in which they were given."""
    query = select(CallerIdRow.number_pool_id, CallerIdRow.phone_number)
    query = query.where(CallerIdRow.number_pool_id.in_(pool_ids)).order_by(CallerIdRow.position)
    numbers: defaultdict[UUID, list[str]] = defaultdict(list)
    for pool_id, phone_number in await session.execute(query):
        numbers[pool_id].append(phone_number)
    return numbers


async def replace_caller_ids(session: AsyncSession, pool: NumberPoolRow, numbers: Sequence[str]) -> None:
    """Make these the pool's numbers; those that stay keep when they were last used and until when they rest.

    Callers hold the pool's lock, so that no grant chooses a number that is about to go.
    """
    present = {
        row.phone_number: row
        for row in await session.scalars(select(CallerIdRow).where(CallerIdRow.number_pool_id == pool.id))
    }
    gone = [row.id for number, row in present.items() if number not in numbers]
    if gone:
        await session.execute(delete(CallerIdRow).where(CallerIdRow.id.in_(gone)))
    for position, number in enumerate(numbers):
        if number in present:
            present[number].position = position
        else:
            session.add(
                CallerIdRow(
                    organization_id=pool.organization_id,
                    number_pool_id=pool.id,
                    phone_number=number,
                    position=position,
                )
            )
    await session.flush()


async def change_pool(session: AsyncSession, pool: NumberPoolRow, terms: PoolTerms) -> None:
    """Write all terms; callers hold the pool's lock.

    Raises:
        sqlalchemy.exc.IntegrityError: another pool of the organisation has this name.
    """
    for column, value in asdict(terms).items():
        setattr(pool, column, value)
    await session.flush()
