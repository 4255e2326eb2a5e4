"""Our answers against the oracle's, for many pairs of zones and instants."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from random import Random

import pytz

from domain.calling_hours import CallingHours, closes_at, intersect, is_open, next_opening, parse_windows
from domain.calling_rules import rules_for
from domain.vocabulary import CallingRules
from tests.domain.law_oracle import FIRST, LAST, STRETCH, Answers, Shown, answers, clock_changes, every_zone, shown
from tests.domain.law_tables import CAMPAIGNS, HOLIDAYS, NEVER, SCENARIOS, Scenario

PAIRS_A_CASE = 20
ASKED = timedelta(days=2)
"""Instants lie in the first two days of a stretch; the rest is what the oracle may look ahead."""

_NEAR = [
    timedelta(0),
    *(sign * timedelta(microseconds=1) for sign in (1, -1)),
    timedelta(seconds=-1),
    timedelta(seconds=5),
]
_HOLIDAYS = sorted({day for days in HOLIDAYS.values() for day in days.split() if day < "2027-12-28"})
_DAYS = (["mon", "tue", "wed", "thu", "fri"], ["sat"], ["sun"])


@dataclass(frozen=True)
class Case:
    """One lead in one stretch of time. ``other_zone``: a second one in which the lead may be."""

    zone: str
    other_zone: str | None
    start: datetime
    scenario: Scenario
    campaign: str


def disagreements(zone: str, pairs: int, seed: int) -> Iterator[str]:
    """What we and the oracle answer differently for ``pairs`` instants in one zone, each as a sentence."""
    random = Random(f"{seed} {zone}")
    stretches = [(start, shown(start, zone)) for start in _starts(zone, random)]
    offset = random.randrange(len(SCENARIOS))
    for number in range(-(-pairs // PAIRS_A_CASE)):
        start, clock = stretches[number % len(stretches)]
        case = Case(
            zone,
            random.choice(every_zone()) if random.random() < 0.04 else None,
            start,
            SCENARIOS[(offset + number) % len(SCENARIOS)],
            random.choice(["always", *CAMPAIGNS]),
        )
        asked = min(PAIRS_A_CASE, pairs - number * PAIRS_A_CASE)
        yield from _case_disagreements(case, clock, asked, random)


def rule_disagreements() -> Iterator[Scenario]:
    """Scenarios for which other rows are chosen than the tables say."""
    for scenario in SCENARIOS:
        if set(_rule_places(scenario)) != set(scenario.rows):
            yield scenario


def _starts(zone: str, random: Random) -> list[datetime]:
    days = [datetime.fromisoformat(f"{day}T00:00:00+00:00") for day in random.sample(_HOLIDAYS, 3)]
    near = [*clock_changes(zone), *days]
    starts = [moment - timedelta(minutes=random.randrange(ASKED // timedelta(minutes=1))) for moment in near]
    anywhere = [FIRST + timedelta(minutes=random.randrange((LAST - FIRST - STRETCH) // timedelta(minutes=1)))]
    return starts + anywhere


def _case_disagreements(case: Case, clock: Shown, pairs: int, random: Random) -> Iterator[str]:
    clocks = [clock, *([shown(case.start, case.other_zone)] if case.other_zone else [])]
    theirs = answers(case.start, clocks, case.scenario, case.campaign)
    hours = _our_hours(case)
    zones = [pytz.timezone(name) for name in (case.zone, case.other_zone) if name]
    for instant in _instants(theirs, pairs, random):
        ours = _ours(instant, hours, zones, case.start + STRETCH)
        expected = _expected(instant, theirs)
        if ours != expected:
            yield f"{instant.isoformat()} {case}: we say {ours}, the oracle {expected}"


def _our_hours(case: Case) -> CallingHours:
    return intersect(parse_windows(_written(CAMPAIGNS[case.campaign])), _rule_hours(case.scenario))


def _rule_hours(scenario: Scenario) -> CallingHours:
    level = CallingRules(scenario.level)
    return rules_for(region=scenario.region, phone_number=scenario.phone_number, level=level).hours


def _rule_places(scenario: Scenario) -> tuple[str, ...]:
    level = CallingRules(scenario.level)
    return rules_for(region=scenario.region, phone_number=scenario.phone_number, level=level).places


def _written(week: str) -> list[dict[str, object]]:
    spans = [(days, span.split("-")) for days, span in zip(_DAYS, week.split(), strict=True) if span != NEVER]
    return [{"days": days, "opens": _time(opens), "closes": _time(closes)} for days, (opens, closes) in spans]


def _time(written: str) -> str:
    hour, _, minute = written.partition(":")
    return f"{int(hour):02}:{int(minute or 0):02}"


def _instants(theirs: Answers, pairs: int, random: Random) -> Iterator[datetime]:
    """Half of them right at the edges, half anywhere; to the microsecond."""
    edges = [edge for edge in theirs.edges() if edge < theirs.start + ASKED and edge > theirs.start]
    for number in range(pairs):
        if edges and number % 2:
            yield random.choice(edges) + random.choice(_NEAR)
        else:
            yield theirs.start + ASKED * random.random()


def _ours(
    instant: datetime, hours: CallingHours, zones: Sequence[tzinfo], end: datetime
) -> tuple[bool, datetime | None, datetime | None]:
    opening = next_opening(instant, hours, zones)
    is_allowed = is_open(instant, hours, zones)
    closing = closes_at(instant, hours, zones) if is_allowed else None
    return is_allowed, _within(opening, end), _within(closing, end)


def _expected(instant: datetime, theirs: Answers) -> tuple[bool, datetime | None, datetime | None]:
    is_allowed = theirs.is_open(instant)
    return is_allowed, theirs.next_opening(instant), theirs.closes_at(instant) if is_allowed else None


def _within(instant: datetime | None, end: datetime) -> datetime | None:
    return instant if instant is not None and instant < end else None
