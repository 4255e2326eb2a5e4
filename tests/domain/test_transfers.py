"""How a call was put through to a person, and what that makes of it, in any order."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.calls import TRANSFER_EVENTS, CallEvent, CallFacts
from domain.transfers import MOST_EVENTS, outcome_after, with_transfer
from domain.vocabulary import AttemptOutcome

NOON = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)


def event(name: str, **known: Any) -> CallFacts:  # noqa: ANN401
    usual: dict[str, Any] = {"transfer_destination": "+12125550188", "started_at": NOON}
    return CallFacts(event=CallEvent(name), call_id="call_1", **(usual | known))


def kept(*events: CallFacts) -> list[dict[str, Any]]:
    transfers: Sequence[Any] = []
    for number, one in enumerate(events):
        transfers = with_transfer(transfers, one, now=NOON + timedelta(seconds=number))
    return list(transfers)


def test_each_step_is_kept_with_the_instant_at_which_it_was_heard_first() -> None:
    started, bridged = event("transfer_started"), event("transfer_bridged")
    to, at = "+12125550188", "2026-03-02T18:00:00Z"
    assert kept(started, bridged, started, bridged) == [
        {"event": "transfer_started", "destination": to, "started_at": at, "at": at},
        {"event": "transfer_bridged", "destination": to, "started_at": at, "at": "2026-03-02T18:00:01Z"},
    ]


def test_two_transfers_of_a_call_are_told_apart() -> None:
    later = {"started_at": NOON + timedelta(minutes=1)}
    other = {"transfer_destination": "+12125550199"}
    assert len(kept(*(event("transfer_started", **known) for known in ({}, later, other, {}, later, other)))) == 3


@pytest.mark.parametrize("name", [one.value for one in CallEvent if one not in TRANSFER_EVENTS])
def test_other_events_are_no_step_of_a_transfer(name: str) -> None:
    assert kept(event(name)) == []


def test_events_without_end_are_not_kept() -> None:
    flood = [event("transfer_started", started_at=NOON + timedelta(seconds=number)) for number in range(1_000)]
    assert len(kept(*flood)) == MOST_EVENTS


@pytest.mark.parametrize(
    ("outcome", "events", "becomes"),
    [
        pytest.param("answered", ["transfer_started", "transfer_bridged"], "transferred", id="bridged"),
        pytest.param("answered", ["transfer_cancelled", "transfer_bridged"], "transferred", id="at-the-second-try"),
        pytest.param("answered", ["transfer_started", "transfer_cancelled"], "transfer_cancelled", id="cancelled"),
        pytest.param("answered", ["transfer_started"], "answered", id="merely-tried"),
        pytest.param("answered", ["transfer_ended"], "answered", id="an-end-proves-no-bridge"),
        pytest.param("answered", [], "answered", id="never-tried"),
        pytest.param("callback_requested", ["transfer_cancelled"], "callback_requested", id="a-call-back-agreed-on"),
        pytest.param("callback_requested", ["transfer_bridged"], "transferred", id="a-person-made-the-promise"),
        pytest.param("transferred", ["transfer_cancelled"], "transferred", id="the-end-says-transferred"),
        pytest.param("transfer_cancelled", ["transfer_bridged"], "transferred", id="bridged-after-all"),
        pytest.param("failed", ["transfer_bridged"], "transferred", id="broke-off-after-the-bridge"),
        pytest.param("failed", ["transfer_cancelled"], "failed", id="broke-off-without-one"),
        pytest.param("unknown", ["transfer_bridged"], "transferred", id="nobody-could-tell"),
        pytest.param("opted_out", ["transfer_bridged"], "opted_out", id="a-wish-outweighs-it"),
        pytest.param("opted_out", ["transfer_cancelled"], "opted_out", id="a-wish-outweighs-that-too"),
        pytest.param("voicemail", ["transfer_bridged"], "voicemail", id="a-machine"),
        pytest.param("refused", ["transfer_bridged"], "refused", id="rang-nowhere"),
    ],
)
def test_a_call_is_what_its_end_and_its_transfers_make_of_it(outcome: str, events: list[str], becomes: str) -> None:
    transfers = kept(*map(event, events))
    assert outcome_after(AttemptOutcome(outcome), transfers) == becomes


@pytest.mark.parametrize("outcome", list(AttemptOutcome))
def test_it_comes_to_the_same_however_late_each_step_is_heard(outcome: AttemptOutcome) -> None:
    steps = [event(name) for name in ("transfer_started", "transfer_cancelled", "transfer_bridged", "transfer_ended")]
    for some in itertools.chain.from_iterable(itertools.permutations(steps, count) for count in range(5)):
        at_once = outcome_after(outcome, kept(*some))
        one_by_one = outcome
        for heard in range(len(some) + 1):
            one_by_one = outcome_after(one_by_one, kept(*some[:heard]))
        assert one_by_one == at_once
