"""Numbers that the organisation never calls, and the kill switch."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel

from api.dependencies import Deps, Reader, Session, Writer
from api.forbidding import allow_number, forbid_number, start_organization, stop_organization
from api.once import WriterOnce
from api.paging import PagingQuery, written
from api.schemas.fields import Input, OptionalText, PhoneNumber
from api.schemas.words import ListKindWord
from storage.contacts import get_contact, list_do_not_call
from storage.do_not_call_lists import lists_of_number
from storage.models import ContactRow, DoNotCallListRow, OrganizationRow

router = APIRouter(prefix="/api/v1", tags=["do not call"])


class DoNotCallInput(Input):
    phone_number: PhoneNumber
    reason: OptionalText = None


class DoNotCallAnswer(BaseModel):
    phone_number: str
    reason: str | None
    source: str | None
    created_at: datetime | None


class DoNotCallPage(BaseModel):
    items: list[DoNotCallAnswer]
    next_cursor: str | None


class ListOfNumber(BaseModel):
    """``refreshed_at`` is null until the list's first import came to its end."""

    id: UUID
    name: str
    kind: ListKindWord
    source: str | None
    refreshed_at: datetime | None


class NumberAnswer(DoNotCallAnswer):
    """``reason``, ``source`` and ``created_at`` are of the entry made by hand, by a call or by the provider."""

    listed: bool
    lists: list[ListOfNumber]


class StopInput(Input):
    """``hang_up`` ends the calls too that ring or are live just now; their leads go on once calling is started again.

    Calls that came in, and those to try a campaign, go on.
    """

    hang_up: bool = False


class CallingState(BaseModel):
    id: UUID
    name: str
    stopped_at: datetime | None


def _answer(contact: ContactRow) -> DoNotCallAnswer:
    return DoNotCallAnswer(
        phone_number=contact.phone_number,
        reason=contact.do_not_call_reason,
        source=contact.do_not_call_source,
        created_at=contact.do_not_call_at,
    )


def _number(phone_number: str, contact: ContactRow | None, lists: Sequence[DoNotCallListRow]) -> NumberAnswer:
    return NumberAnswer(
        phone_number=phone_number,
        listed=bool(lists) or (contact is not None and contact.do_not_call_at is not None),
        reason=None if contact is None else contact.do_not_call_reason,
        source=None if contact is None else contact.do_not_call_source,
        created_at=None if contact is None else contact.do_not_call_at,
        lists=[ListOfNumber(**{name: getattr(row, name) for name in ListOfNumber.model_fields}) for row in lists],
    )


def _organization(row: OrganizationRow) -> CallingState:
    return CallingState(id=row.id, name=row.name, stopped_at=row.stopped_at)


@router.get("/do-not-call")
async def get_do_not_call(principal: Reader, session: Session, page: PagingQuery) -> DoNotCallPage:
    contacts = await list_do_not_call(session, principal.organization_id, limit=page.limit, after=page.after)
    items = [_answer(contact) for contact in contacts.items]
    return DoNotCallPage(items=items, next_cursor=written(contacts.next_cursor))


@router.post("/do-not-call", status_code=201)
async def post_do_not_call(
    body: DoNotCallInput, principal: WriterOnce, session: Session, deps: Deps, response: Response
) -> DoNotCallAnswer:
    contact = await forbid_number(deps, session, principal, body.phone_number, body.reason)
    response.headers["Location"] = f"/api/v1/do-not-call/{contact.phone_number}"
    return _answer(contact)


@router.get("/do-not-call/{phone_number}")
async def get_number(phone_number: Annotated[PhoneNumber, Path()], principal: Reader, session: Session) -> NumberAnswer:
    contact = await get_contact(session, principal.organization_id, phone_number)
    lists = await lists_of_number(session, principal.organization_id, phone_number)
    return _number(phone_number, contact, lists)


@router.delete("/do-not-call/{phone_number}", status_code=204)
async def delete_do_not_call(phone_number: Annotated[PhoneNumber, Path()], principal: Writer, session: Session) -> None:
    await allow_number(session, principal, phone_number)


@router.post("/organizations/current/stop")
async def stop(principal: Writer, session: Session, deps: Deps, body: StopInput | None = None) -> CallingState:
    hang_up = body is not None and body.hang_up
    return _organization(await stop_organization(deps, session, principal, hang_up=hang_up))


@router.post("/organizations/current/start")
async def start(principal: Writer, session: Session) -> CallingState:
    return _organization(await start_organization(session, principal))
