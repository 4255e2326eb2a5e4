"""How the figures of webhooks stand beside their goals, and that what is sent is what the provider would send."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from benchmarks.asked import Asked
from benchmarks.webhook.bodies import Story, in_order_of_sending
from benchmarks.webhook.findings import Findings, Round, report
from benchmarks.webhook.order import Order, Sent, Target
from benchmarks.webhook.scale import FULL, SHORT, WARM_UP, WEBHOOKS_A_CALL, Scale, chosen
from domain.calls import CallEvent
from telephony.payloads import parse_webhook

ATTEMPT = "0197e9c0-0000-7000-8000-000000000001"
STARTED_MS = 1_764_000_000_000


def call(number: int = 0) -> dict[str, Any]:
    return {
        "call_id": f"call_{number:030x}",
        "agent_id": "agent_1",
        "agent_version": 2,
        "from_number": "+12125550190",
        "to_number": "+13125550142",
        "metadata": {"attempt_id": ATTEMPT},
        "dynamic_variables": {"lead_name": "Ada"},
        "started_ms": STARTED_MS,
    }


def webhooks(number: int = 0) -> list[bytes]:
    return Story(call(number), STARTED_MS + 30_000, "http://127.0.0.1:1/recordings").webhooks()


def sent(*, seconds: float = 1.0, late: float = 0.004, count: int = 400) -> Sent:
    return Sent({"204": count}, [late] * count, [0.0005] * count, seconds, 0.1, 2_500 * count)


def found(
    *, late: float = 0.01, bare: float = 0.004, seconds: float = 1.6, heard: float = 0.1, forged: float = 0.001
) -> Findings:
    whole = Round(sent(late=bare), sent(late=late), sent(), sent(seconds=seconds), [heard] * 20, sent(late=forged))
    return Findings([whole], kept=171)


@pytest.mark.parametrize(
    ("findings", "met"),
    [
        pytest.param(found(), [True] * 4, id="all-met"),
        pytest.param(found(late=0.016, bare=0.008), [False, True, True, True], id="late-though-hardly-later-than-bare"),
        pytest.param(found(late=0.013), [False, True, True, True], id="soon-though-more-than-three-times-bare"),
        pytest.param(found(seconds=1.7), [True, False, True, True], id="too-few-in-a-rush"),
        pytest.param(found(heard=0.301), [True, True, False, True], id="heard-too-late"),
        pytest.param(found(forged=0.006), [True, True, True, False], id="forgeries-cost-too-much"),
    ],
)
def test_each_line_says_whether_its_goal_is_met(findings: Findings, met: list[bool]) -> None:
    assert [line.met for line in report(findings).lines] == met


def test_rounds_count_by_their_webhooks() -> None:
    one, other = found(late=0.002).rounds[0], found(late=0.01).rounds[0]
    other = replace(other, rush_whole=sent(count=1_200, seconds=2.4))
    figures = report(Findings([one, other], kept=342)).figures
    assert figures["even"]["whole"]["count"] == 800
    assert figures["even"]["whole"]["mean_seconds"] == pytest.approx(0.006)
    assert figures["even"]["times_bare"] == pytest.approx(2.5)
    assert figures["rush"] == pytest.approx({"bare_per_second": 400.0, "whole_per_second": 400.0, "share": 1.0})
    assert [round(each["rush_whole_per_second"]) for each in figures["rounds"]] == [250, 500]
    assert figures["kept"] == 342


@pytest.mark.parametrize(
    ("asked", "scale"),
    [
        pytest.param(Asked(), FULL, id="full"),
        pytest.param(Asked(short=True), SHORT, id="short"),
        pytest.param(Asked(short=True, leads=7), Scale(1, 7, 7, 7), id="tiny"),
    ],
)
def test_the_scale_is_the_one_that_was_asked_for(asked: Asked, scale: Scale) -> None:
    assert chosen(asked) == scale


def test_nobody_is_called_twice_in_a_run() -> None:
    assert Scale(rounds=2, even_calls=5, rush_calls=3, heard_calls=4).calls == WARM_UP + 2 * (5 + 3 + 4)


def test_a_call_reports_its_whole_life() -> None:
    facts = [parse_webhook(body) for body in webhooks()]
    running = CallEvent.TRANSCRIPT_UPDATED
    events = [CallEvent.STARTED, running, running, running, running, CallEvent.ENDED, CallEvent.ANALYZED]
    assert [one.event for one in facts] == events
    assert {(one.call_id, str(one.attempt_id)) for one in facts} == {(call()["call_id"], ATTEMPT)}
    assert [one.ended for one in facts] == [False] * 5 + [True] * 2
    assert [len(one.utterances or ()) for one in facts] == [0, 1, 2, 3, 4, 4, 4]
    last = facts[-1]
    assert last.analyzed
    assert last.transcript is not None
    assert "Ada" in last.transcript
    assert last.duration_ms == 30_000
    assert last.disconnection_reason in {"agent_hangup", "user_hangup"}
    assert last.recording_url == f"http://127.0.0.1:1/recordings/{call()['call_id']}/recording.wav"


def test_bodies_are_as_long_as_the_goal_has_them_and_no_two_are_the_same() -> None:
    bodies = [body for number in range(50) for body in webhooks(number)]
    assert len(set(bodies)) == len(bodies)
    assert 2_000 < sum(map(len, bodies)) / len(bodies) < 2_800
    assert webhooks(3) == webhooks(3)


def test_the_webhooks_of_a_call_stay_in_order_with_others_between_them() -> None:
    calls = [[f"{number} {place}".encode() for place in range(WEBHOOKS_A_CALL)] for number in range(60)]
    order = in_order_of_sending(calls)
    assert sorted(order) == sorted(body for bodies in calls for body in bodies)
    for bodies in calls:
        places = [order.index(body) for body in bodies]
        assert all(later - earlier >= 10 for earlier, later in pairwise(places))


def test_an_order_and_what_came_of_it_cross_a_pipe() -> None:
    order = Order(
        Target("127.0.0.1", 8000, "/x"), "key", [call()], "http://127.0.0.1:1", connections=4, per_second=None
    )
    assert Order.from_json(order.to_json()) == order
    assert Sent.from_json(sent().to_json()) == sent()
