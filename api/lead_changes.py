"""Changing a lead: what is right at its next call, and what has come too late for that."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from activities.aftermath import tell
from activities.lead_input import written_consent
from api.auditing import note
from api.dependencies import Dependencies
from api.lead_actions import MOVING, give_back_grant, locked, must_own, read_again, start
from api.lead_corrections import NOTHING, correct, correction_of
from api.lead_intake import number_taken, zones_of
from api.principal import Principal
from api.problems import Conflict
from api.schemas.leads import LeadChange
from domain.regions import normal_region
from domain.vocabulary import AttemptStatus, DuplicateNumbers, LeadOutcome, LeadStatus
from storage.lead_changes import lock_numbers_of_lead, other_lead_of_contact
from storage.lead_intake import Added
from storage.leads import LeadRecord
from storage.models import ContactRow
from storage.situations import LeadMoved, LeadWithContext

_AS_GIVEN = ("name", "source", "postal_code", "priority", "not_before", "custom_fields")
_TELL_WHERE = frozenset({"phone_number", "time_zone", "region"})

# Columns of the lead, with the fields by which people know them.
_WHERE = {"contact_id": "phone_number", "time_zones": "time_zone", "region": "region"}
_TOO_LATE_WHEN_DONE = _WHERE | {name: name for name in ("postal_code", "priority", "not_before")}
_FROZEN_IN_A_GRANT = frozenset({*_WHERE, "name", "source", "custom_fields"})


@dataclass(frozen=True, slots=True)
class Changed:
    """``notes``: what the change left undone, in sentences for people."""

    record: LeadRecord
    notes: Sequence[str] = ()


async def change_lead(
    deps: Dependencies, session: AsyncSession, principal: Principal, lead_id: UUID, change: LeadChange
) -> Changed:
    """Change what is named; the gates see it at once. Safe to repeat: what is so already isn't changed again."""
    contacts = await _locked_contacts(session, principal, lead_id, change)
    context = await locked(session, principal, lead_id)
    changed = _changed(context, change, contacts)
    correction = correction_of(context, change)
    await _check(session, context, changed)
    if not changed and correction is None:
        return Changed(await read_again(session, principal, lead_id))
    runs = set() if context.lead.status == LeadStatus.DONE else {(lead_id, context.lead.run)}
    _write(deps, context, changed)
    corrected = NOTHING if correction is None else await correct(session, principal, context, correction, deps.clock())
    _audit(session, principal, lead_id, change.model_fields_set)
    await session.commit()
    tell(corrected.lines)
    await deps.engine.wake(sorted(runs | corrected.runs), "changed")
    if corrected.goes_on:
        await start(deps, principal, [Added(LeadRecord(context.lead, context.contact.phone_number), is_new=False)])
    return Changed(await read_again(session, principal, lead_id), corrected.notes)


async def _locked_contacts(
    session: AsyncSession, principal: Principal, lead_id: UUID, change: LeadChange
) -> Mapping[str, ContactRow]:
    await must_own(session, principal, lead_id)
    numbers = [] if change.phone_number is None else [change.phone_number]
    try:
        return await lock_numbers_of_lead(session, principal.organization_id, lead_id, numbers)
    except LeadMoved:
        raise Conflict(MOVING) from None


def _changed(context: LeadWithContext, change: LeadChange, contacts: Mapping[str, ContactRow]) -> Mapping[str, Any]:
    """The lead's columns that the change gives other values."""
    named = change.model_fields_set
    wanted = {name: getattr(change, name) for name in _AS_GIVEN if name in named}
    if "consent" in named:
        wanted["consent"] = written_consent(change.consent)
    if named & _TELL_WHERE:
        wanted |= _whereabouts(context, change, contacts)
    return {column: value for column, value in wanted.items() if getattr(context.lead, column) != value}


def _whereabouts(context: LeadWithContext, change: LeadChange, contacts: Mapping[str, ContactRow]) -> dict[str, Any]:
    """The contact, and the zones decided anew from what is known of the lead afterwards."""
    lead, named = context.lead, change.model_fields_set
    number = change.phone_number or context.contact.phone_number
    given_zone = lead.time_zones[0] if lead.time_zone_source == "explicit" else None
    region = change.region if "region" in named else lead.region
    time_zone = change.time_zone if "time_zone" in named else given_zone
    zones = zones_of(time_zone=time_zone, region=region, phone_number=number)
    return {
        "contact_id": contacts[number].id,
        "region": None if region is None else normal_region(region),
        "time_zones": list(zones.zones),
        "time_zone_source": zones.source,
    }


async def _check(session: AsyncSession, context: LeadWithContext, changed: Mapping[str, Any]) -> None:
    """Refuse what would come too late, or clash with another lead of the campaign."""
    lead, attempt = context.lead, context.open_attempt
    if lead.outcome == LeadOutcome.ERASED or context.contact.erased_at is not None:
        raise Conflict("This lead was erased; nothing of it can be changed.")
    late = [field for column, field in _TOO_LATE_WHEN_DONE.items() if column in changed]
    if lead.status == LeadStatus.DONE and late:
        raise Conflict(f"This lead is done; reopen it first (POST /leads/{{id}}/reopen) to change {', '.join(late)}.")
    where = [field for column, field in _WHERE.items() if column in changed]
    if where and attempt is not None and attempt.status != AttemptStatus.GRANTED:
        raise Conflict(
            f"A call to this lead is being placed or isn't over, so {', '.join(where)} can't change now. "
            "Wait until it is, or end it first with POST /leads/{id}/cancel and hang_up."
        )
    if "contact_id" in changed and context.campaign.duplicate_numbers != DuplicateNumbers.ALLOW:
        other = await other_lead_of_contact(session, lead, changed["contact_id"])
        if other is not None:
            raise number_taken(other)


def _write(deps: Dependencies, context: LeadWithContext, changed: Mapping[str, Any]) -> None:
    if changed.keys() & _FROZEN_IN_A_GRANT:
        give_back_grant(deps, context, reason="lead_changed")
    for column, value in changed.items():
        setattr(context.lead, column, value)
    context.lead.planned_at = None


def _audit(session: AsyncSession, principal: Principal, lead_id: UUID, fields: Collection[str]) -> None:
    """The names of what was changed: the audit log holds nothing personal."""
    note(session, principal, "lead.changed", lead_id, {"fields": sorted(fields)})
