"""All that is known of a person, for the person."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.auditing import note
from api.principal import Principal
from storage.person_export import all_of_number


async def export_person(session: AsyncSession, principal: Principal, phone_number: str) -> dict[str, Any]:
    """The document; that it was given is audited, by the contact's id."""
    document = await all_of_number(session, principal.organization_id, phone_number)
    contact = document["contact"]
    note(session, principal, "person.exported", None if contact is None else UUID(contact["id"]))
    await session.commit()
    return dict(document)
