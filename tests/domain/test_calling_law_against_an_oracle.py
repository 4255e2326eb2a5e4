"""The calling rules in all zones, judged by an oracle that has its own tables, its own clock and its own reading."""

from datetime import timedelta

import pytest

from domain.calling_rules import rules_for
from domain.vocabulary import CallingRules
from tests.domain.law_comparison import disagreements, rule_disagreements
from tests.domain.law_oracle import every_zone
from tests.domain.law_tables import AREA_CODES, HOURS_BETWEEN, MOST_IN_24_HOURS, SCENARIOS

SEED = 20261123
EVERY_NTH_ZONE = 12
PAIRS_A_ZONE = 500


@pytest.mark.parametrize("share", range(3))
def test_our_hours_are_the_laws_hours_to_the_microsecond(share: int) -> None:
    zones = every_zone()[share::EVERY_NTH_ZONE][share::3]
    assert len(zones) * PAIRS_A_ZONE * 3 >= 24_000
    assert [line for zone in zones for line in disagreements(zone, PAIRS_A_ZONE, SEED)] == []


def test_the_rules_are_those_of_the_region_and_of_the_numbers_area() -> None:
    assert list(rule_disagreements()) == []


@pytest.mark.parametrize("state", AREA_CODES)
def test_how_often_somebody_may_be_called_follows_the_state(state: str) -> None:
    rule = rules_for(region=state, phone_number="+12125550100", level=CallingRules.STRICT)
    hours = HOURS_BETWEEN.get(state)
    assert rule.max_attempts_per_24_hours == MOST_IN_24_HOURS.get(state)
    assert rule.least_distance == (timedelta(hours=hours) if hours else None)


def test_where_nothing_is_known_the_strictest_caps_hold() -> None:
    (unknown, *_) = [scenario for scenario in SCENARIOS if scenario.is_anywhere and scenario.level == "strict"]
    rule = rules_for(region=unknown.region, phone_number=unknown.phone_number, level=CallingRules.STRICT)
    assert (rule.max_attempts_per_24_hours, rule.least_distance) == (3, timedelta(hours=8))
