"""What is parked says so, is tried now and then, and comes back when a call got through."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.calls import CallEvent, CallFacts
from domain.disconnection_reasons import PARKING, RULE_BY_REASON
from domain.parking import (
    PROBE_EVERY,
    UNREACHABLE,
    Parking,
    comes_back_by_steps,
    describe,
    first_probe_at,
    got_through,
    may_be_tried,
    next_probes,
)

NOW = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def parking(probe_at: datetime | None = NOW, reason: str | None = "refused_payment") -> Parking:
    return Parking("number pool", "Numbers", reason, probe_at)


@pytest.mark.parametrize(
    ("one", "sentence"),
    [
        pytest.param(
            parking(),
            "the number pool Numbers is parked: the provider wants to be paid first (refused_payment); "
            "it is tried again every 30 seconds",
            id="in-words",
        ),
        pytest.param(
            parking(reason="something_new"),
            "the number pool Numbers is parked: something_new; it is tried again every 30 seconds",
            id="a-reason-without-words",
        ),
        pytest.param(
            parking(None, "unpaid"),
            "the number pool Numbers is parked: unpaid; resume it when that is mended",
            id="not-tried",
        ),
        pytest.param(
            parking(None, None),
            "the number pool Numbers is parked: no reason was noted; resume it when that is mended",
            id="without-a-reason",
        ),
    ],
)
def test_a_sentence_says_what_is_parked_why_and_what_becomes_of_it(one: Parking, sentence: str) -> None:
    assert describe(one) == sentence


def test_every_reason_for_which_an_end_parks_something_is_told_in_words() -> None:
    reasons = [reason for reason, rule in RULE_BY_REASON.items() if rule.follow_up in PARKING]
    assert len(reasons) == 5
    assert [reason for reason in reasons if f"({reason})" not in describe(parking(reason=reason))] == []


@pytest.mark.parametrize(
    ("reason", "seconds"),
    [pytest.param(UNREACHABLE, 5, id="unreachable"), pytest.param("refused_payment", 30, id="to-be-mended")],
)
def test_the_first_probe_comes_soon_where_nobody_has_to_act(reason: str, seconds: int) -> None:
    assert first_probe_at(reason, NOW) == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("probes", "expected"),
    [
        pytest.param([], True, id="nothing-is-parked"),
        pytest.param([NOW], True, id="due"),
        pytest.param([NOW + SECOND], False, id="not-yet"),
        pytest.param([None], False, id="never"),
        pytest.param([NOW, NOW - SECOND], True, id="both-are-due"),
        pytest.param([NOW, NOW + SECOND], False, id="one-is-not"),
    ],
)
def test_a_call_tries_only_what_is_due_to_be_tried(probes: list[datetime | None], expected: bool) -> None:
    assert may_be_tried([parking(at) for at in probes], NOW) is expected


def test_a_campaign_that_is_refused_for_ever_does_not_keep_its_account_from_being_tried_by_others() -> None:
    """Both are parked; every time the account is due, the campaign's call is the one chosen if it may be."""
    account = campaign = NOW
    by_others = 0
    for second in range(600):
        now = NOW + second * SECOND
        if account <= now and campaign <= now:
            account, campaign = next_probes(2, now)
        elif account <= now:
            (account,) = next_probes(1, now)
            by_others += 1
    assert by_others == 10


def test_what_is_tried_alone_is_tried_every_thirty_seconds() -> None:
    assert list(next_probes(1, NOW)) == [NOW + PROBE_EVERY] == [NOW + 30 * SECOND]


@pytest.mark.parametrize(
    ("reason", "seconds", "expected"),
    [
        pytest.param("refused_payment", 1, True, id="mended-at-once"),
        pytest.param(UNREACHABLE, 5.2, False, id="found-by-the-first-probe"),
        pytest.param(UNREACHABLE, 36, False, id="found-by-the-second-probe"),
        pytest.param(UNREACHABLE, 66, True, id="found-by-the-third-probe"),
        pytest.param(None, 1, True, id="for-no-known-reason"),
    ],
)
def test_only_a_short_outage_costs_no_ramp(reason: str | None, seconds: float, expected: bool) -> None:
    assert comes_back_by_steps(reason, NOW, NOW + timedelta(seconds=seconds)) is expected


@pytest.mark.parametrize(
    ("event", "facts", "expected"),
    [
        pytest.param(CallEvent.STARTED, {}, True, id="it-started"),
        pytest.param(CallEvent.TRANSCRIPT_UPDATED, {}, True, id="somebody-speaks"),
        pytest.param(CallEvent.LOOKED_UP, {"provider_status": "ongoing"}, True, id="it-goes-on"),
        pytest.param(CallEvent.LOOKED_UP, {"provider_status": "registered"}, False, id="it-was-only-taken"),
        pytest.param(CallEvent.LOOKED_UP, {}, False, id="nothing-is-said"),
        pytest.param(CallEvent.ENDED, {"disconnection_reason": "dial_no_answer"}, True, id="nobody-answered"),
        pytest.param(CallEvent.ENDED, {"disconnection_reason": "user_hangup"}, True, id="somebody-answered"),
        pytest.param(CallEvent.ENDED, {"disconnection_reason": "no_valid_payment"}, False, id="refused-at-its-end"),
        pytest.param(
            CallEvent.ENDED, {"disconnection_reason": "no_valid_payment", "duration_ms": 9000}, False, id="cut-off"
        ),
        pytest.param(CallEvent.ENDED, {"disconnection_reason": "concurrency_limit_reached"}, False, id="no-room"),
        pytest.param(CallEvent.ANALYZED, {"disconnection_reason": "scam_detected"}, False, id="taken-for-a-scam"),
    ],
)
def test_a_call_got_through_once_a_phone_rang(event: CallEvent, facts: dict[str, Any], expected: bool) -> None:
    is_over = event in (CallEvent.ENDED, CallEvent.ANALYZED)
    assert got_through(replace(CallFacts(event=event, call_id="call_1", ended=is_over), **facts)) is expected
