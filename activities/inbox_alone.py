"""A webhook that comes alone: what it concerns is read, and all that it changes is written by one statement.

It does nothing where somebody was faster, or holds one of the rows: then, and where more is needed, the webhook is left
to a transaction of its own (``activities.inbox.take``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from activities.inbox import Arrived, Taken, new_event
from activities.inbox_batches import Found, Plain, apply, has_its_lead, key_of, named, plain_of
from activities.reporting_calls import decides
from storage import attempts
from storage.compare_and_set import Read, write_unless_changed
from storage.looks import Looking
from storage.models import AttemptRow, LeadRow


@dataclass(frozen=True, slots=True)
class _Concerned:
    plain: Plain
    attempt: Read[AttemptRow]
    lead: Read[LeadRow] | None

    @property
    def leads(self) -> Mapping[UUID, LeadRow]:
        return {} if self.lead is None else {self.lead.row.id: self.lead.row}


async def take_alone(via: Looking, arrived: Arrived, *, now: datetime) -> Taken | None:
    """Keep and apply an event. Safe to repeat, as ``take`` is, and with the same effect.

    Args:
        via: In no transaction.
        arrived: The event.
        now: When it came.

    Returns:
        What is left to do; ``None`` where nothing was done.
    """
    concerned = await _read(via, arrived)
    if concerned is None:
        return None
    done = await apply(concerned.plain, {key_of(arrived): arrived}, concerned.leads, now)
    read: list[Read[Any]] = [one for one in (concerned.attempt, concerned.lead) if one is not None]
    event = new_event(arrived, concerned.attempt.row.id, now) if arrived.is_kept else None
    return done if await write_unless_changed(via, read, event=event) else None


async def _read(via: Looking, arrived: Arrived) -> _Concerned | None:
    """All of it by one statement: each more is two more turns at a core."""
    read = await attempts.read_open(via, *named([arrived]), with_leads=decides(arrived.facts))
    plain = plain_of(arrived, Found(one.reported for one in read))
    if plain is None:
        return None
    attempt = plain.reported.attempt
    its = next(one for one in read if one.reported.attempt.id == attempt.id)
    concerned = _Concerned(plain, Read(attempt, its.version), its.lead)
    return concerned if has_its_lead(plain, concerned.leads) else None
