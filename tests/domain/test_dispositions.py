from typing import Any

import pytest

from domain.disposition_table import InvalidDispositions, parse_dispositions, written_dispositions
from domain.dispositions import (
    DEFAULT_DISPOSITIONS,
    Disposition,
    FieldIs,
    FieldPresent,
    OutcomeIs,
    Then,
    disposition_of,
    is_success,
    may_forbid,
)
from domain.vocabulary import AttemptOutcome

ANSWERED = AttemptOutcome.ANSWERED
GOOD: dict[str, Any] = {"name": "booked", "from": {"field": "interest", "equals": "high"}, "then": "stop"}


def test_a_table_is_read_as_people_write_it() -> None:
    table = parse_dispositions(
        [
            {**GOOD, "success": True},
            {"name": "cold", "from": [{"field": "interest", "one_of": ["low", 0]}, {"outcome": "declined"}]},
            {"name": "moved", "from": {"field": "new_address", "present": True}, "then": ["retry", "notify"]},
            {"name": "complaint", "then": "notify"},
        ]
    )
    assert table == (
        Disposition(name="booked", conditions=(FieldIs("interest", ("high",)),), then=Then.STOP, success=True),
        Disposition(
            name="cold", conditions=(FieldIs("interest", ("low", 0)), OutcomeIs(AttemptOutcome.DECLINED)), then=None
        ),
        Disposition(name="moved", conditions=(FieldPresent("new_address"),), then=Then.RETRY, notify=True),
        Disposition(name="complaint", notify=True),
    )


def test_the_default_table_is_one_that_people_could_have_written() -> None:
    assert parse_dispositions(written_dispositions(DEFAULT_DISPOSITIONS)) == DEFAULT_DISPOSITIONS


@pytest.mark.parametrize(
    ("analysis", "outcome", "name"),
    [
        pytest.param({"interest": "high"}, "answered", "interested", id="interested"),
        pytest.param({"interest": " Medium "}, "answered", "interested", id="any-case"),
        pytest.param({"interest": "none"}, "answered", "not_interested", id="not-interested"),
        pytest.param(
            {"interest": "high", "appointment_at": "2026-03-02T15:00"}, "answered", "booked", id="first-in-the-table"
        ),
        pytest.param({"appointment_at": "none"}, "answered", None, id="a-word-for-nothing"),
        pytest.param({"interest": "medium"}, "callback_requested", "call_back", id="call-back"),
        pytest.param({}, "transferred", "transferred", id="transferred"),
        pytest.param({"interest": "high"}, "transfer_cancelled", "transfer_cancelled", id="a-person-was-not-there"),
        pytest.param(
            {"appointment_at": "2026-03-02T15:00"}, "transfer_cancelled", "booked", id="an-appointment-instead"
        ),
        pytest.param({"wrong_number": True}, "answered", "wrong_number", id="wrong-number"),
        pytest.param({"wrong_number": "Yes"}, "answered", "wrong_number", id="yes-in-words"),
        pytest.param({"wrong_number": "no"}, "answered", None, id="no-in-words"),
        pytest.param({"wrong_number": 1}, "answered", None, id="one-is-no-yes"),
        pytest.param({"disposition": "Wrong number"}, "answered", "wrong_number", id="named"),
        pytest.param(
            {"disposition": "not interested", "interest": "high"}, "answered", "not_interested", id="name-wins"
        ),
        pytest.param({"disposition": "sold", "interest": "high"}, "answered", "interested", id="an-unknown-name"),
        pytest.param({"disposition": ["booked"]}, "answered", None, id="a-strange-shape"),
        pytest.param({"interest": "high"}, "voicemail", None, id="a-machine-is-not-interested"),
        pytest.param({"disposition": "booked"}, "no_answer", None, id="nobody-booked"),
        pytest.param(None, "answered", None, id="no-analysis"),
    ],
)
def test_a_call_is_told_by_its_analysis_and_outcome(analysis: dict[str, Any], outcome: str, name: str | None) -> None:
    disposition = disposition_of(analysis, AttemptOutcome(outcome), DEFAULT_DISPOSITIONS)
    assert (disposition.name if disposition else None) == name


@pytest.mark.parametrize(
    ("analysis", "holds"),
    [
        pytest.param({"age": 40}, False, id="said"),
        pytest.param({"age": "unknown"}, True, id="unsaid"),
        pytest.param({"name": "Ada"}, True, id="missing"),
        pytest.param({}, False, id="without-analysis-nothing-is-known"),
    ],
)
def test_a_field_that_should_be_missing_is_asked_only_of_an_analysis(analysis: dict[str, Any], holds: bool) -> None:
    table = parse_dispositions([{"name": "unknown_age", "from": {"field": "age", "present": False}}])
    assert (disposition_of(analysis, ANSWERED, table) is not None) is holds


@pytest.mark.parametrize(("value", "holds"), [(3, True), (3.0, True), ("3", False), (True, False), (None, False)])
def test_a_number_equals_a_number_only(value: object, holds: bool) -> None:
    table = parse_dispositions([{"name": "three", "from": {"field": "score", "equals": 3}}])
    assert (disposition_of({"score": value}, ANSWERED, table) is not None) is holds


@pytest.mark.parametrize(
    ("name", "success"),
    [("booked", True), ("interested", True), ("not_interested", False), ("forgotten", False), (None, False)],
)
def test_the_campaign_says_what_a_success_is(name: str | None, success: bool) -> None:
    assert is_success(name, DEFAULT_DISPOSITIONS) is success


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        pytest.param([], "Give a list", id="none"),
        pytest.param(GOOD, "Give a list", id="one-without-its-list"),
        pytest.param([GOOD] * 51, "50 at most", id="too-many"),
        pytest.param([GOOD, GOOD], "two dispositions named booked", id="twice"),
        pytest.param([7], "Disposition 1 needs `name`", id="a-number"),
        pytest.param([{"then": "stop"}], "Disposition 1 needs `name`", id="no-name"),
        pytest.param([{**GOOD, "sucess": True}], "Disposition 1 needs `name`", id="a-key-that-would-be-ignored"),
        pytest.param([{**GOOD, "name": "Booked!"}], "small letters", id="strange-name"),
        pytest.param([{**GOOD, "name": "x" * 41}], "up to 40", id="long-name"),
        pytest.param([{**GOOD, "success": "yes"}], "`success` as true or false", id="success-in-words"),
        pytest.param([{**GOOD, "then": "hang_up"}], "`then` as some of", id="unknown-deed"),
        pytest.param([{**GOOD, "then": ["stop", "stop"]}], "`then` as some of", id="deed-twice"),
        pytest.param([{**GOOD, "then": [["stop"]]}], "`then` as some of", id="deed-in-a-list-in-a-list"),
        pytest.param([{**GOOD, "then": ["stop", "retry"]}], "can't both stop and retry", id="two-deeds"),
        pytest.param([{**GOOD, "from": []}], "1 to 20 conditions", id="no-condition"),
        pytest.param([{**GOOD, "from": "interest"}], "that can't be read", id="a-word-as-condition"),
        pytest.param([{**GOOD, "from": {"field": "x"}}], "that can't be read", id="half-a-condition"),
        pytest.param([{**GOOD, "from": {"field": "", "equals": 1}}], "that can't be read", id="no-field"),
        pytest.param(
            [{**GOOD, "from": {"field": "x", "equals": 1, "present": True}}], "that can't be read", id="two-in-one"
        ),
        pytest.param([{**GOOD, "from": {"field": "x", "one_of": []}}], "that can't be read", id="one-of-none"),
        pytest.param([{**GOOD, "from": {"field": "x", "one_of": [1] * 21}}], "20 at most", id="one-of-many"),
        pytest.param([{**GOOD, "from": {"field": "x", "equals": None}}], "no text, number", id="equals-null"),
        pytest.param([{**GOOD, "from": {"field": "x", "equals": "y" * 1000}}], "too long", id="megabyte"),
        pytest.param([{**GOOD, "from": {"outcome": "sold"}}], "'sold', which is no outcome", id="unknown-outcome"),
    ],
)
def test_a_table_that_cannot_be_kept_is_refused_with_what_to_give(written: object, hint: str) -> None:
    with pytest.raises(InvalidDispositions, match=hint) as refused:
        parse_dispositions(written)
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize(
    ("custom", "row", "expected"),
    [
        pytest.param({"wrong_number": True}, None, True, id="by-a-field"),
        pytest.param({"wrong_number": False}, None, False, id="not-by-that-field"),
        pytest.param({"disposition": "Wrong number"}, None, True, id="by-name"),
        pytest.param(None, None, False, id="nothing-known"),
        pytest.param(
            None,
            Disposition(name="dead", conditions=(OutcomeIs(ANSWERED),), then=Then.DO_NOT_CALL),
            True,
            id="by-an-outcome-it-may-have",
        ),
        pytest.param(
            {"complaint": "yes"},
            Disposition(name="angry", conditions=(FieldPresent("complaint"),), then=Then.STOP),
            False,
            id="by-a-deed-that-forbids-nothing",
        ),
    ],
)
def test_what_may_forbid_further_calls_is_known_before_the_outcome_is(
    custom: dict[str, Any] | None, row: Disposition | None, expected: bool
) -> None:
    assert may_forbid(custom, DEFAULT_DISPOSITIONS if row is None else (row,)) is expected


@pytest.mark.parametrize("outcome", list(AttemptOutcome))
def test_no_disposition_forbids_calls_that_was_not_foreseen_to(outcome: AttemptOutcome) -> None:
    for custom in ({"wrong_number": True}, {"disposition": "wrong_number"}, {"interest": "high"}, {}):
        disposition = disposition_of(custom, outcome, DEFAULT_DISPOSITIONS)
        forbids = disposition is not None and disposition.then is Then.DO_NOT_CALL
        assert not forbids or may_forbid(custom, DEFAULT_DISPOSITIONS)
