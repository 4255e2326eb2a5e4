"""The rights of a person: to be erased, to be never called again, to be told what is known of them.

Numbers come in bodies, never in addresses, which stand in logs.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from api.dependencies import Admin, Deps, Reader, Session, Writer
from api.erasing import erase_lead, erase_number, lift_suppression
from api.person_export import export_person
from api.schemas.fields import Input, PhoneNumber
from storage.call_deletions import progress_of
from storage.recordings import erasures_pending

router = APIRouter(prefix="/api/v1", tags=["rights of persons"])


class PersonInput(Input):
    phone_number: PhoneNumber


class DeletionProgressAnswer(BaseModel):
    """What is still to be deleted of people who were erased: calls at the provider, recordings in our store."""

    calls_pending: int
    calls_deleted: int
    oldest_pending_at: datetime | None
    last_problem: str | None
    recordings_pending: int


@router.delete("/leads/{lead_id}", status_code=204)
async def delete_lead(lead_id: UUID, principal: Writer, session: Session, deps: Deps) -> None:
    """Erase the person behind the lead, with all their leads; nobody calls their number again."""
    await erase_lead(deps, session, principal, lead_id)


@router.post("/persons/erase", status_code=204)
async def erase_person(body: PersonInput, principal: Writer, session: Session, deps: Deps) -> None:
    """Erase whoever has this number; nobody calls it again."""
    await erase_number(deps, session, principal, body.phone_number)


@router.post("/persons/export")
async def post_export(body: PersonInput, principal: Admin, session: Session) -> dict[str, Any]:
    """All that is known of a number in the organisation."""
    return await export_person(session, principal, body.phone_number)


@router.get("/persons/deletions")
async def get_deletions(principal: Reader, session: Session) -> DeletionProgressAnswer:
    """How far the deletions are that go on after erasures."""
    progress = await progress_of(session, principal.organization_id)
    return DeletionProgressAnswer(
        calls_pending=progress.pending,
        calls_deleted=progress.deleted,
        oldest_pending_at=progress.oldest_pending_at,
        last_problem=progress.last_problem,
        recordings_pending=await erasures_pending(session, principal.organization_id),
    )


@router.post("/suppressions/lift", status_code=204)
async def post_lift(body: PersonInput, principal: Admin, session: Session) -> None:
    """Let a number be called again whose person was erased, at their own wish."""
    await lift_suppression(session, principal, body.phone_number)
