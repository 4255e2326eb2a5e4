"""What a campaign would do, without calling anybody."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from activities.previewing import Foreseen, foresee
from activities.probing import why_parked
from activities.terms import rule_of, windows_within
from activities.weighing import DialSettings
from api.campaign_life import NO_CAMPAIGN
from api.dependencies import Dependencies
from api.principal import Principal
from api.problems import NotFound
from api.schemas.previews import CapAnswer, Counts, LeadForeseen, PreviewAnswer, SkippedLeads
from domain.forecasts import Cap, binding_cap, through_by
from domain.live_calls import outbound_cap
from domain.queue_estimate import EXPECTED_CALL
from domain.time_zones import load_zones
from domain.vocabulary import CampaignStatus
from storage.previews import Experience, Owners, Standing, experience, first_waiting, owners_of, some_waiting, standing

MOST_SAMPLED = 500
EXPECTED_TALK = timedelta(seconds=90)
EXPECTED_ANSWERS = 0.5
EXPECTED_ATTEMPTS = 2.0

_SETTINGS = DialSettings("", timedelta(0), frozenset())
"""A preview dials nothing, and doesn't care whether this process could."""


async def preview(
    deps: Dependencies, session: AsyncSession, principal: Principal, campaign_id: UUID, limit: int
) -> PreviewAnswer:
    """Counts over all leads, and a sample of them weighed one by one: a hundred thousand take a second or two."""
    owners = await owners_of(session, principal.organization_id, campaign_id)
    if owners is None:
        raise NotFound(NO_CAMPAIGN)
    now = deps.clock()
    counted = await standing(session, owners.campaign)
    first = await first_waiting(session, campaign_id, limit)
    sample = await some_waiting(session, campaign_id, MOST_SAMPLED)
    foreseen = await foresee(session, owners, list({*first, *sample}), now=now, settings=_SETTINGS)
    known = await experience(session, owners.campaign)
    sampled = [foreseen[lead_id] for lead_id in sample if lead_id in foreseen]
    return _answer(
        owners, counted, [foreseen[lead_id] for lead_id in first if lead_id in foreseen], sampled, known, now
    )


def _answer(
    owners: Owners,
    counted: Standing,
    first: Sequence[Foreseen],
    sampled: Sequence[Foreseen],
    known: Experience,
    now: datetime,
) -> PreviewAnswer:
    share = counted.waiting / len(sampled) if sampled else 0.0
    callable_ones = [one for one in sampled if one.skipped is None]
    callable_now = sum(one.calls_at is not None and one.calls_at <= now for one in callable_ones)
    leads = round(len(callable_ones) * share)
    skipped = Counter(one.skipped for one in sampled if one.skipped is not None)
    occupied = max(known.occupied or EXPECTED_CALL, timedelta(seconds=1))
    attempts = min(known.attempts_per_lead or EXPECTED_ATTEMPTS, float(owners.campaign.max_attempts))
    calls = round(leads * attempts)
    caps = _caps(owners)
    binding = binding_cap(caps, occupied)
    rate = binding.calls_an_hour(occupied)
    cost, cost_assumption = _cost(owners, known, calls)
    return PreviewAnswer(
        campaign_id=owners.campaign.id,
        status=owners.campaign.status,
        as_of=now,
        counts=Counts(
            waiting=counted.waiting,
            in_progress=counted.in_progress,
            done=counted.done,
            do_not_call=counted.do_not_call,
            consent_missing=counted.consent_missing,
        ),
        is_estimate=counted.waiting > len(sampled),
        sampled=len(sampled),
        callable=leads,
        callable_now=round(callable_now * share),
        skipped=[SkippedLeads(reason=reason, leads=round(count * share)) for reason, count in skipped.most_common()],
        first=[_lead(one) for one in first],
        caps=[_cap(cap, occupied, cap is binding) for cap in caps],
        calls_per_hour=round(rate),
        binding_cap=binding.name,
        expected_calls=calls,
        finishes_at=_finish(owners, callable_ones, calls / rate, now) if rate else None,
        cost=cost,
        held_up_by=_held_up_by(owners),
        assumptions=[*_assumptions(known, occupied, attempts), cost_assumption],
    )


def _lead(one: Foreseen) -> LeadForeseen:
    lead = one.context.lead
    return LeadForeseen(
        lead_id=lead.id,
        name=lead.name,
        phone_number=one.context.contact.phone_number,
        time_zone=lead.time_zones[0],
        calls_at=one.calls_at,
        skipped=one.skipped,
        why=one.why,
    )


def _cap(cap: Cap, occupied: timedelta, binds: bool) -> CapAnswer:
    return CapAnswer(
        name=cap.name,
        live_calls=cap.live_calls,
        calls_per_second=cap.calls_per_second,
        calls_per_hour=round(cap.calls_an_hour(occupied)),
        binds=binds,
    )


def _caps(owners: Owners) -> Sequence[Cap]:
    """Every limit there is; other campaigns may share all but the campaign's own."""
    account, provider = owners.account, None
    if account.provider_limit is not None:
        provider = outbound_cap(account.provider_limit, account.provider_reserved or 0, account.provider_elsewhere or 0)
        provider = max(provider, 0)
    named = (("campaign", owners.campaign), ("account", account), ("organization", owners.organization))
    own = [Cap(f"{name}_live_calls", live_calls=row.max_live_calls) for name, row in named]
    own += [Cap(f"{name}_calls_per_second", calls_per_second=row.max_calls_per_second) for name, row in named]
    every = [
        Cap("number_pool_live_calls", live_calls=owners.pool.max_live_calls),
        Cap("number_pool_calls_per_second", calls_per_second=owners.pool.max_calls_per_second),
        *own,
        Cap("provider_live_calls", live_calls=provider),
    ]
    return [cap for cap in every if cap.live_calls is not None or cap.calls_per_second is not None]


def _finish(owners: Owners, callable_ones: Sequence[Foreseen], hours_needed: float, now: datetime) -> datetime | None:
    """By the hours of the zones that most of the sample live in."""
    if not callable_ones:
        return None
    zones = Counter(tuple(one.context.lead.time_zones) for one in callable_ones).most_common(1)[0][0]
    typical = next(one.context for one in callable_ones if tuple(one.context.lead.time_zones) == zones)
    rule = rule_of(owners.campaign, region=typical.lead.region, phone_number=typical.contact.phone_number)
    hours = windows_within(owners.campaign, rule)
    return through_by(now, timedelta(hours=hours_needed), hours, load_zones(list(zones)))


def _cost(owners: Owners, known: Experience, calls: int) -> tuple[float | None, str]:
    if owners.pool.cost_per_minute is None:
        return None, "cost: unknown, since the number pool has no cost_per_minute"
    talk, answers = known.talked or EXPECTED_TALK, known.answered_share or EXPECTED_ANSWERS
    minutes = Decimal(calls * answers * talk.total_seconds() / 60)
    carrier = minutes * owners.pool.cost_per_minute
    agent = Decimal(calls) * (known.cost_cents or Decimal(0)) / 100
    said = f"cost: {answers:.0%} of calls are answered and last {talk.total_seconds():.0f} s, at the pool's price"
    more = ", plus what the latest calls cost at the provider" if known.cost_cents else ", without the provider's share"
    return round(float(carrier + agent), 2), said + more


def _assumptions(known: Experience, occupied: timedelta, attempts: float) -> list[str]:
    whence = f"by the latest {known.calls} calls" if known.calls else "assumed, since there were no calls yet"
    return [
        f"a call holds its slot for {occupied.total_seconds():.0f} s ({whence})",
        f"a lead takes {attempts:.1f} calls ({whence}); pauses between them are left out",
        "no other campaign uses the same pool, account or organization meanwhile",
        "no budget ends it before",
        "finishes_at: by the calling hours of the zone in which most of the leads live",
    ]


def _held_up_by(owners: Owners) -> str | None:
    """Why nothing would be called at all as things stand; all figures are as if it ran."""
    if owners.organization.stopped_at is not None:
        return "calling is stopped for the whole organization"
    if owners.campaign.status != CampaignStatus.RUNNING:
        return f"the campaign is {owners.campaign.status}"
    return why_parked(owners.account, owners.pool, owners.campaign)
