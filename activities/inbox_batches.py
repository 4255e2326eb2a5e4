"""Many webhooks in one transaction: what most of them change is a few columns of one attempt, and needs nobody else.

Nobody's lock is waited for. What needs more, or an attempt that somebody else is at, is left to a transaction of its
own (``activities.inbox.take``), and so is everything when one event of a batch goes wrong. All is said through the
driver itself: webhooks come by the hundreds a second.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from activities.call_meaning import Concerned
from activities.following_up import concerns_owners
from activities.inbox import Arrived, Taken, is_meant, new_event, taken
from activities.live_analysis import Heard, new_mentions, wish_among
from activities.reporting_calls import Locked, decides, state_of, write_report
from activities.terms import dispositions_of
from domain.dispositions import may_forbid
from domain.outcomes import custom_analysis, outcome_of
from domain.progress import is_stale
from domain.vocabulary import AttemptStatus, LeadStatus
from storage import attempts, leads, webhook_events
from storage.attempts import ReportedAttempt
from storage.looks import Looking
from storage.models import LeadRow
from storage.writing import write_changes

_NOBODY_TO_ASK = AsyncSession()
"""What is plain needs nothing but its own rows; should it ask for more, its batch fails and each is tried by itself."""


@dataclass(frozen=True, slots=True)
class Plain:
    """An event that needs nobody but its attempt and, where it decides the outcome, its lead."""

    arrived: Arrived
    reported: ReportedAttempt
    heard: Heard


async def take_together(via: Looking, batch: Sequence[Arrived], *, now: datetime) -> Sequence[Taken | None]:
    """Keep and apply those of these events that can be taken together; the caller commits.

    Safe to repeat, as ``take`` is, and with the same effect.

    Returns:
        For each event what is left to do after the commit; ``None`` for those of which nothing was done.
    """
    # Any order has the same effect; in this one no event of a call comes after one that knows more.
    in_order = sorted(range(len(batch)), key=lambda place: _rank(batch[place]))
    found = Found(await _lock(via, batch))
    plain = {place: one for place in in_order if (one := plain_of(batch[place], found)) is not None}
    concerned = await _lock_leads(via, plain.values())
    plain = {place: one for place, one in plain.items() if has_its_lead(one, concerned)}
    particular = {batch[place].facts.call_id for place in in_order if place not in plain} | _contested(plain.values())
    plain = {place: one for place, one in plain.items() if one.arrived.facts.call_id not in particular}
    news = await _keep(via, plain.values(), now)
    done = {place: await apply(one, news, concerned, now) for place, one in plain.items()}
    touched = {one.reported.attempt.id: one.reported.attempt for one in plain.values()}
    await write_changes(via, [*touched.values(), *concerned.values()])
    return [done.get(place) for place in range(len(batch))]


def _rank(arrived: Arrived) -> int:
    return arrived.facts.ended + arrived.facts.analyzed


class Found:
    """The attempts that were read, by their ids and by their calls."""

    def __init__(self, reported: Iterable[ReportedAttempt]) -> None:
        self._by_id: dict[UUID, ReportedAttempt] = {}
        self._by_call: dict[str, ReportedAttempt] = {}
        for one in reported:
            self._by_id[one.attempt.id] = one
            if one.attempt.call_id is not None:
                self._by_call[one.attempt.call_id] = one

    def of(self, arrived: Arrived) -> ReportedAttempt | None:
        """An attempt that is named and wasn't found may be locked by others: the call isn't looked for then."""
        if arrived.facts.attempt_id is not None:
            return self._by_id.get(arrived.facts.attempt_id)
        return self._by_call.get(arrived.facts.call_id)


async def _lock(via: Looking, batch: Sequence[Arrived]) -> Sequence[ReportedAttempt]:
    return await attempts.lock_free(via, *named(batch))


def named(batch: Sequence[Arrived]) -> tuple[Set[UUID], Set[str]]:
    """Attempts by their ids, and those calls that name none."""
    attempt_ids = {arrived.facts.attempt_id for arrived in batch if arrived.facts.attempt_id is not None}
    return attempt_ids, {arrived.facts.call_id for arrived in batch if arrived.facts.attempt_id is None}


def plain_of(arrived: Arrived, found: Found) -> Plain | None:
    """The event with its attempt, or None where it needs more."""
    reported = found.of(arrived)
    if (
        reported is None
        or reported.attempt.erased_at is not None
        or not is_meant(arrived.account, arrived.facts, reported.attempt)
        or not _stays_with_its_call(arrived, reported)
    ):
        return None
    heard = Heard(new_mentions(reported.attempt, reported.campaign, arrived.facts))
    return None if wish_among(heard.mentions) else Plain(arrived, reported, heard)


def _stays_with_its_call(arrived: Arrived, reported: ReportedAttempt) -> bool:
    attempt, facts = reported.attempt, arrived.facts
    # What comes late only fills in what is missing, and the long columns, which may be missing, weren't read.
    if attempt.is_probe or is_stale(state_of(attempt), facts):
        return False
    outcome = outcome_of(facts) if facts.ended else None
    if outcome is not None and (outcome.do_not_call or concerns_owners(outcome.follow_up)):
        return False
    custom = custom_analysis(facts.analysis or attempt.analysis)
    return not (decides(facts) and may_forbid(custom, dispositions_of(reported.campaign)))


def _contested(plain: Iterable[Plain]) -> Set[str]:
    """Calls that claim the same attempt: the first that is taken has it."""
    calls: dict[UUID, set[str]] = defaultdict(set)
    for one in plain:
        calls[one.reported.attempt.id].add(one.arrived.facts.call_id)
    return {call_id for claimants in calls.values() if len(claimants) > 1 for call_id in claimants}


async def _lock_leads(via: Looking, plain: Iterable[Plain]) -> Mapping[UUID, LeadRow]:
    lead_ids = {one.reported.attempt.lead_id for one in plain if decides(one.arrived.facts)}
    return await leads.lock_free_rows(via, lead_ids) if lead_ids else {}


def has_its_lead(one: Plain, concerned: Mapping[UUID, LeadRow]) -> bool:
    """What a call means for a lead that is done already is found out from all of its calls."""
    if not decides(one.arrived.facts):
        return True
    lead = concerned.get(one.reported.attempt.lead_id)
    return lead is not None and lead.status != LeadStatus.DONE


async def _keep(via: Looking, plain: Iterable[Plain], now: datetime) -> dict[tuple[UUID, str], Arrived]:
    """Keep each event once; which of those that arrived, the first of its repeats, is the one that counts."""
    firsts: dict[tuple[UUID, str], Plain] = {}
    for one in plain:
        if one.arrived.is_kept:
            firsts.setdefault(key_of(one.arrived), one)
    if not firsts:
        return {}
    new = [new_event(one.arrived, one.reported.attempt.id, now) for one in firsts.values()]
    return {key: firsts[key].arrived for key in await webhook_events.add_events(via, new)}


async def apply(
    one: Plain,
    news: Mapping[tuple[UUID, str], Arrived],
    concerned: Mapping[UUID, LeadRow],
    now: datetime,
) -> Taken:
    """Set in the rows what follows from it. ``news``: of each event that wasn't kept before the one that counts."""
    arrived, attempt = one.arrived, one.reported.attempt
    if arrived.is_kept and news.get(key_of(arrived)) is not arrived:
        return Taken()
    was = AttemptStatus(attempt.status)
    lead = concerned.get(attempt.lead_id) if decides(arrived.facts) else None
    of_lead = None if lead is None else Concerned(lead, one.reported.campaign)
    locked = Locked(attempt, heard=one.heard, concerned=of_lead)
    reported = await write_report(_NOBODY_TO_ASK, locked, arrived.facts, now=now)
    return taken(arrived.facts, attempt.id, was, reported.aftermath)


def key_of(arrived: Arrived) -> tuple[UUID, str]:
    """By which the inbox knows an event."""
    return arrived.account.id, arrived.event_key
