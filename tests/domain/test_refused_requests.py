"""Whose fault a refused request is: the lead's, the campaign's, or nobody can tell yet."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.refused_requests import Fault, OtherDial, RequestRefusal, is_set_aside, whose_fault


def dials(*others: str) -> list[OtherDial]:
    """Newest first: ``ok`` is a call that was taken, a digit a lead that was refused."""
    return [OtherDial(UUID(int=99 if other == "ok" else int(other)), other == "ok") for other in others]


@pytest.mark.parametrize(
    ("others", "was_refused_before", "fault"),
    [
        pytest.param([], False, Fault.CAMPAIGN, id="the-first-of-its-campaign"),
        pytest.param([], True, Fault.CAMPAIGN, id="the-only-one"),
        pytest.param(["1", "2"], True, Fault.CAMPAIGN, id="nobody-got-through"),
        pytest.param(["ok"], False, Fault.UNKNOWN, id="refused-once"),
        pytest.param(["ok"], True, Fault.LEAD, id="refused-again-while-others-get-through"),
        pytest.param(["1", "2", "ok"], False, Fault.UNKNOWN, id="the-third-in-a-row"),
        pytest.param(["1", "2", "3", "ok"], False, Fault.CAMPAIGN, id="the-fourth-in-a-row"),
        pytest.param(["1", "2", "3", "ok"], True, Fault.CAMPAIGN, id="no-lead-is-blamed-then"),
        pytest.param(["1", "2", "1", "2", "1", "ok"], True, Fault.LEAD, id="two-others-again-and-again"),
        pytest.param(["ok", "1", "2", "3"], True, Fault.LEAD, id="that-was-before-others-got-through"),
    ],
)
def test_the_fault_is_told_by_what_others_met_with(others: list[str], was_refused_before: bool, fault: Fault) -> None:
    assert whose_fault(dials(*others), was_refused_before=was_refused_before) is fault


some_dials = st.lists(st.builds(OtherDial, st.integers(1, 6).map(lambda n: UUID(int=n)), st.booleans()), max_size=12)


@given(some_dials, st.booleans())
def test_nobody_is_blamed_where_nobody_else_got_through(others: list[OtherDial], was_refused_before: bool) -> None:
    refused = [OtherDial(dial.lead_id, was_taken=False) for dial in others]
    assert whose_fault(refused, was_refused_before=was_refused_before) is Fault.CAMPAIGN


@given(some_dials, st.booleans())
def test_right_after_a_call_that_was_taken_nothing_is_parked(others: list[OtherDial], was_refused_before: bool) -> None:
    others = [OtherDial(UUID(int=9), was_taken=True), *others]
    assert whose_fault(others, was_refused_before=was_refused_before) is not Fault.CAMPAIGN


@given(st.lists(st.sampled_from(RequestRefusal), max_size=6))
def test_a_lead_is_set_aside_by_two_refusals_that_are_its_own_fault(refusals: list[RequestRefusal]) -> None:
    assert is_set_aside(refusals) is (refusals.count(RequestRefusal.LEAD) >= 2)
