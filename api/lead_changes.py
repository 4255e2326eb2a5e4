"""Changing a lead: what is right at its next call, and what has come too late for that."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from activities.lead_input import written_consent
from activities.terms import dispositions_of
from api.auditing import note
from api.dependencies import Dependencies
from api.lead_actions import MOVING, give_back_grant, locked, must_own, read_again
from api.lead_intake import number_taken, zones_of
from api.principal import Principal
from api.problems import Conflict, Invalid
from api.schemas.leads import LeadChange
from domain.dispositions import Disposition, Then, disposition_named
from domain.regions import normal_region
from domain.vocabulary import AttemptStatus, DuplicateNumbers, LeadOutcome, LeadStatus
from storage.contacts import set_do_not_call
from storage.lead_changes import last_counted, lock_numbers_of_lead, other_lead_of_contact
from storage.leads import LeadRecord, open_runs_of_contact
from storage.models import AttemptRow, ContactRow
from storage.situations import LeadMoved, LeadWithContext

_AS_GIVEN = ("name", "source", "postal_code", "priority", "not_before", "custom_fields")
_TELL_WHERE = frozenset({"phone_number", "time_zone", "region"})

# Columns of the lead, with the fields by which people know them.
_WHERE = {"contact_id": "phone_number", "time_zones": "time_zone", "region": "region"}
_TOO_LATE_WHEN_DONE = _WHERE | {name: name for name in ("postal_code", "priority", "not_before")}
_FROZEN_IN_A_GRANT = frozenset({*_WHERE, "name", "source", "custom_fields"})


@dataclass(frozen=True, slots=True)
class _Correction:
    """What the last call that counts came to, by a person's word."""

    attempt: AttemptRow
    disposition: Disposition | None


async def change_lead(
    deps: Dependencies, session: AsyncSession, principal: Principal, lead_id: UUID, change: LeadChange
) -> LeadRecord:
    """Change what is named; the gates see it at once. Safe to repeat: what is so already isn't changed again."""
    contacts = await _locked_contacts(session, principal, lead_id, change)
    context = await locked(session, principal, lead_id)
    changed = _changed(context, change, contacts)
    correction = _correction(context, change)
    await _check(session, context, changed)
    if not changed and correction is None:
        return await read_again(session, principal, lead_id)
    _write(deps, context, changed)
    runs = set() if context.lead.status == LeadStatus.DONE else {(lead_id, context.lead.run)}
    if correction is not None:
        runs |= await _correct(deps, session, principal, context, correction)
    _audit(session, principal, lead_id, change.model_fields_set)
    await session.commit()
    await deps.engine.wake(sorted(runs), "changed")
    return await read_again(session, principal, lead_id)


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


def _correction(context: LeadWithContext, change: LeadChange) -> _Correction | None:
    """None where no disposition is named, or a person has given the same before."""
    if "disposition" not in change.model_fields_set:
        return None
    wanted = None if change.disposition is None else _named(change.disposition, dispositions_of(context.campaign))
    attempt = last_counted(context.lead, context.attempts)
    if attempt is None:
        raise Conflict("No call of this lead has come to anything yet, so there is no disposition to correct.")
    is_known = attempt.disposition_by is not None and attempt.disposition == _name(wanted)
    return None if is_known else _Correction(attempt, wanted)


def _named(name: str, table: Sequence[Disposition]) -> Disposition:
    disposition = disposition_named(name, table)
    if disposition is None:
        names = ", ".join(row.name for row in table)
        raise Invalid("disposition", f"The campaign has no disposition of this name; give one of {names}.")
    return disposition


def _name(disposition: Disposition | None) -> str | None:
    return None if disposition is None else disposition.name


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


async def _correct(
    deps: Dependencies,
    session: AsyncSession,
    principal: Principal,
    context: LeadWithContext,
    correction: _Correction,
) -> set[tuple[UUID, int]]:
    """Write the disposition by hand; returns the runs of further leads that it ends.

    The wish not to be called is that of whoever was called, which a number that was changed since doesn't alter.
    """
    attempt, disposition = correction.attempt, correction.disposition
    attempt.disposition = context.lead.disposition = _name(disposition)
    attempt.disposition_by = principal.id
    if disposition is None or disposition.then is not Then.DO_NOT_CALL:
        return set()
    await set_do_not_call(session, attempt.contact_id, reason=disposition.name, source="disposition", now=deps.clock())
    return set(await open_runs_of_contact(session, attempt.contact_id))


def _audit(session: AsyncSession, principal: Principal, lead_id: UUID, fields: Collection[str]) -> None:
    """The names of what was changed: the audit log holds nothing personal."""
    note(session, principal, "lead.changed", lead_id, {"fields": sorted(fields)})
