"""Leads, calls and do-not-call numbers as files; what was exported can be imported again."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import StreamingResponse

from api.auditing import note
from api.csv_streams import csv_stream, ndjson_stream, pages_of
from api.dependencies import Dependencies
from api.principal import Principal
from api.problems import Conflict
from domain.lead_columns import CUSTOM, OWN_PREFIX, is_known
from storage.contacts import list_do_not_call
from storage.lead_lists import LeadFilter, LeadInList, custom_field_names, list_leads
from storage.models import ContactRow
from storage.pages import Cursor, Page

Format = Literal["csv", "ndjson"]
Item = TypeVar("Item")
Fetch = Callable[[Cursor | None], Awaitable[Page[Item]]]

PAGE = 1_000
MOST_CUSTOM_FIELDS = 400

_OWN = ("phone_number", "name", "external_id", "time_zone", "region", "postal_code", "source", "priority", "not_before")
_CONSENT = ("basis", "text", "source", "given_at")
_STATE = ("id", "campaign_id", "status", "outcome", "blocked_reason", "disposition", "next_attempt_at", "created_at")
_LEAD_HEADER = (*_OWN, *(f"consent_{name}" for name in _CONSENT), *(f"{OWN_PREFIX}{name}" for name in _STATE))
_DO_NOT_CALL = ("phone_number", "reason", "source", "created_at")


async def export_leads(
    deps: Dependencies,
    session: AsyncSession,
    principal: Principal,
    wanted: LeadFilter,
    written_as: Format,
    *,
    head_only: bool,
) -> StreamingResponse:
    """Those leads that the same filter lists, the newest first."""

    async def fetch(session: AsyncSession, after: Cursor | None) -> Page[LeadInList]:
        return await list_leads(session, principal.organization_id, wanted, limit=PAGE, after=after)

    names: Sequence[str] = ()
    if written_as == "csv":
        names = await custom_field_names(session, principal.organization_id, wanted, limit=MOST_CUSTOM_FIELDS + 1)
    if len(names) > MOST_CUSTOM_FIELDS:
        raise Conflict(f"These leads have more than {MOST_CUSTOM_FIELDS} custom fields; use format=ndjson.")
    await note_export(session, principal, "leads", head_only=head_only)
    pages = await pages_of(by_pages(deps, principal, fetch))
    if written_as == "ndjson":
        return ndjson_stream("leads", pages, _lead_object)
    header = [*_LEAD_HEADER, *(_custom_column(name) for name in names)]
    return csv_stream("leads", header, pages, lambda lead: _lead_cells(lead, names))


async def export_do_not_call(
    deps: Dependencies, session: AsyncSession, principal: Principal, written_as: Format, *, head_only: bool
) -> StreamingResponse:
    """The numbers that were forbidden by hand, by a call or by the provider; imported lists are left out."""

    async def fetch(session: AsyncSession, after: Cursor | None) -> Page[ContactRow]:
        return await list_do_not_call(session, principal.organization_id, limit=PAGE, after=after)

    await note_export(session, principal, "do_not_call", head_only=head_only)
    pages = await pages_of(by_pages(deps, principal, fetch))
    if written_as == "ndjson":
        return ndjson_stream("do-not-call", pages, _forbidden)
    return csv_stream("do-not-call", _DO_NOT_CALL, pages, lambda contact: _forbidden(contact).values())


def by_pages(
    deps: Dependencies, principal: Principal, fetch: Callable[[AsyncSession, Cursor | None], Awaitable[Page[Item]]]
) -> Fetch[Item]:
    """Each page in a transaction of its own."""

    async def of_its_own(after: Cursor | None) -> Page[Item]:
        async with deps.sessions_of(principal.organization_id)() as session:
            return await fetch(session, after)

    return of_its_own


async def note_export(session: AsyncSession, principal: Principal, what: str, *, head_only: bool) -> None:
    """Who took data out is in the audit log, not who asked for the head of an answer alone.

    Commits, so that nothing is held while the file is sent.
    """
    if not head_only:
        note(session, principal, f"{what}.exported")
    await session.commit()


def written_instant(instant: datetime | None) -> str | None:
    """UTC with ``Z``, as in every answer."""
    return None if instant is None else re.sub(r"\+00:00$", "Z", instant.astimezone(UTC).isoformat())


def cells_of_model(model: BaseModel, header: Iterable[str]) -> Sequence[object]:
    """The fields of an answer that a table shows."""
    fields = model.model_dump(mode="json")
    return [fields.get(name) for name in header]


def _own_fields(record: LeadInList) -> dict[str, Any]:
    lead = record.lead
    return {
        "phone_number": record.phone_number,
        "name": lead.name,
        "external_id": lead.external_id,
        # A zone that was worked out is worked out again; one that was given has to be given again.
        "time_zone": lead.time_zones[0] if lead.time_zone_source == "explicit" else None,
        "region": lead.region,
        "postal_code": lead.postal_code,
        "source": lead.source,
        "priority": lead.priority,
        "not_before": written_instant(lead.not_before),
    }


def _state(record: LeadInList) -> dict[str, Any]:
    values = {name: getattr(record.lead, name) for name in _STATE}
    return {
        f"{OWN_PREFIX}{name}": written_instant(value) if isinstance(value, datetime) else _text(value)
        for name, value in values.items()
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _lead_object(record: LeadInList) -> Mapping[str, Any]:
    lead = {**_own_fields(record), "consent": record.lead.consent, "custom_fields": record.lead.custom_fields}
    return lead | _state(record)


def _lead_cells(record: LeadInList, names: Sequence[str]) -> list[object]:
    consent, custom = record.lead.consent or {}, record.lead.custom_fields
    return [
        *_own_fields(record).values(),
        *(consent.get(name) for name in _CONSENT),
        *_state(record).values(),
        *(custom.get(name) for name in names),
    ]


def _custom_column(name: str) -> str:
    """The field's own name, unless an import would take it for something else."""
    is_plain = name == name.strip() and name and not is_known(name)
    return name if is_plain and not name.lower().startswith((OWN_PREFIX, CUSTOM)) else f"{CUSTOM}{name}"


def _forbidden(contact: ContactRow) -> Mapping[str, Any]:
    return {
        "phone_number": contact.phone_number,
        "reason": contact.do_not_call_reason,
        "source": contact.do_not_call_source,
        "created_at": written_instant(contact.do_not_call_at),
    }
