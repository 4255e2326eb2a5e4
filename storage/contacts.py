"""Contacts: one row for each phone number of an organisation."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BindParameter, Text, Uuid, any_, exists, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningInsert

from storage.models import ContactRow, DoNotCallEntryRow
from storage.pages import Cursor, Page, fetch_page
from storage.suppressions import suppressed_at

ERASURE = "erasure"
"""As ``do_not_call_source``: only an admin lifts it, where the suppressions are lifted."""

ERASED = "the person was erased"


async def lock_contact_ids(
    session: AsyncSession, organization_id: UUID, phone_numbers: Collection[str]
) -> Mapping[str, UUID]:
    """Find or make the contacts of these numbers (E.164) and lock them until the end of the transaction.

    Always in the order of the numbers, so that two batches with the same people wait for and never block each other.
    """
    numbers, found = sorted(set(phone_numbers)), dict[str, UUID]()
    # One that was there and was erased while its lock was waited for is there no more, and is made anew.
    while others := [number for number in numbers if number not in found]:
        found |= await _make_or_lock(session, organization_id, others)
    return found


async def _make_or_lock(session: AsyncSession, organization_id: UUID, numbers: Sequence[str]) -> Mapping[str, UUID]:
    made = {row.phone_number: row.id for row in await session.execute(_new_contacts(organization_id, numbers))}
    await _forbid_suppressed(session, organization_id, made)
    others = [number for number in numbers if number not in made]
    if not others:
        return made
    query = (
        select(ContactRow.id, ContactRow.phone_number)
        .where(ContactRow.organization_id == organization_id, ContactRow.phone_number == any_(_texts(others)))
        .order_by(ContactRow.phone_number)
        .with_for_update(key_share=True)
    )
    return made | {row.phone_number: row.id for row in await session.execute(query)}


async def _forbid_suppressed(session: AsyncSession, organization_id: UUID, made: Mapping[str, UUID]) -> None:
    """Whoever was erased is never called again, also when somebody gives their number anew.

    In a statement of its own: the one that made the contacts may have waited for the erasure, and doesn't see it.
    """
    for number, since in (await suppressed_at(session, organization_id, made)).items():
        await set_do_not_call(session, made[number], reason=ERASED, source=ERASURE, now=since)


async def lock_contacts(
    session: AsyncSession, organization_id: UUID, phone_numbers: Collection[str]
) -> Mapping[str, ContactRow]:
    """The same, with all that is known of them."""
    ids = await lock_contact_ids(session, organization_id, phone_numbers)
    query = select(ContactRow).where(ContactRow.id.in_(ids.values())).execution_options(populate_existing=True)
    return {contact.phone_number: contact for contact in await session.scalars(query)}


def _new_contacts(organization_id: UUID, numbers: Sequence[str]) -> ReturningInsert[UUID, str]:
    """Makes the contacts of those numbers that have none yet. One parameter: the statement is the same for all."""
    given = select(
        func.gen_random_uuid(), literal(organization_id, Uuid()), func.unnest(_texts(numbers)).label("phone_number")
    )
    new = insert(ContactRow).from_select(["id", "organization_id", "phone_number"], given, include_defaults=False)
    unless_there = new.on_conflict_do_nothing(index_elements=["organization_id", "phone_number"])
    return unless_there.returning(ContactRow.id, ContactRow.phone_number)


def _texts(texts: Sequence[str]) -> BindParameter[Sequence[str]]:
    return literal(texts, ARRAY(Text))


async def lock_contact(session: AsyncSession, organization_id: UUID, phone_number: str) -> ContactRow:
    """Find or make one contact and lock it."""
    return (await lock_contacts(session, organization_id, [phone_number]))[phone_number]


async def get_contact(session: AsyncSession, organization_id: UUID, phone_number: str) -> ContactRow | None:
    """The contact of this number (E.164) as it stands, without a lock."""
    query = select(ContactRow).where(
        ContactRow.organization_id == organization_id, ContactRow.phone_number == phone_number
    )
    return await session.scalar(query)


async def lock_known_contact(session: AsyncSession, organization_id: UUID, phone_number: str) -> ContactRow | None:
    """Lock the contact of this number (E.164) if there is one."""
    query = select(ContactRow).where(
        ContactRow.organization_id == organization_id, ContactRow.phone_number == phone_number
    )
    return await session.scalar(query.with_for_update(key_share=True).execution_options(populate_existing=True))


async def set_do_not_call(
    session: AsyncSession, contact_id: UUID, *, reason: str | None, source: str, now: datetime
) -> bool:
    """Never call this contact again. Locks the contact; the first word on it stands, so repeating changes nothing.

    Returns:
        Whether this was the first word.
    """
    statement = update(ContactRow).where(ContactRow.id == contact_id, ContactRow.do_not_call_at.is_(None))
    statement = statement.values(do_not_call_at=now, do_not_call_reason=reason, do_not_call_source=source)
    return (await session.execute(statement.returning(ContactRow.id))).first() is not None


async def lock_by_id(session: AsyncSession, contact_id: UUID) -> None:
    await session.get_one(ContactRow, contact_id, with_for_update={"key_share": True}, populate_existing=True)


def allow_calls(contact: ContactRow) -> None:
    """Take the contact off the do-not-call list. Callers hold the contact's lock."""
    contact.do_not_call_at = None
    contact.do_not_call_reason = None
    contact.do_not_call_source = None


async def list_do_not_call(
    session: AsyncSession, organization_id: UUID, *, limit: int, after: Cursor | None
) -> Page[ContactRow]:
    statement = select(ContactRow).where(
        ContactRow.organization_id == organization_id,
        ContactRow.do_not_call_at.is_not(None),
        ContactRow.erased_at.is_(None),
    )
    key = (ContactRow.do_not_call_at, ContactRow.id)
    page = await fetch_page(session, statement, key, limit=limit, after=after)
    return Page([row[0] for row in page.items], page.next_cursor)


async def is_listed(session: AsyncSession, organization_id: UUID, phone_number: str) -> bool:
    """Whether the number (E.164) stands on one of the organisation's imported do-not-call lists.

    Who asks while holding the organisation's lock either sees a batch of an import or commits before it.
    """
    on_a_list = exists().where(
        DoNotCallEntryRow.organization_id == organization_id, DoNotCallEntryRow.phone_number == phone_number
    )
    return bool(await session.scalar(select(on_a_list)))
