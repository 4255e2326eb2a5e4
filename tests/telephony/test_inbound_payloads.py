from typing import Any

import pytest

from telephony.bounded_payloads import LONGEST_KEPT, bounded
from telephony.inbound_payloads import InboundAnswer, InboundAsked, read_inbound, write_inbound

WEBHOOK_URL = "https://leads.example.com/api/v1/calls/webhook"


@pytest.mark.parametrize(
    ("payload", "asked"),
    [
        pytest.param({"call_inbound": {"from_number": "+1"}}, InboundAsked("+1", None), id="only-one-number"),
        pytest.param({"call_inbound": {"from_number": 5, "to_number": "x" * 65}}, InboundAsked(), id="no-numbers"),
        pytest.param({"call_inbound": []}, InboundAsked(), id="no-object"),
        pytest.param({}, InboundAsked(), id="nothing"),
    ],
)
def test_whatever_is_asked_can_be_read(payload: dict[str, Any], asked: InboundAsked) -> None:
    assert read_inbound(payload) == asked


def test_of_an_unknown_caller_nothing_is_told() -> None:
    assert write_inbound(None) == {"call_inbound": {}}


def test_dynamic_variables_are_strings_that_can_be_stored() -> None:
    answer = InboundAnswer(
        webhook_url=WEBHOOK_URL, metadata={"lead_id": "1"}, dynamic_variables={"b": "\x00x", "a": "y"}
    )
    told = write_inbound(answer)["call_inbound"]
    assert list(told["dynamic_variables"].items()) == [("a", "y"), ("b", "x")]
    assert told["agent_override"]["agent"]["webhook_url"] == WEBHOOK_URL
    assert "override_agent_id" not in told


def test_without_an_agent_of_its_own_no_version_is_asked_for() -> None:
    told = write_inbound(InboundAnswer(webhook_url=WEBHOOK_URL, metadata={}, agent_version=3))["call_inbound"]
    assert "override_agent_version" not in told


def test_what_nobody_can_read_yet_is_kept_within_bounds() -> None:
    small = {"event": "chat_started", "text": "ü" * 100}
    assert bounded(small) == small
    huge = bounded({"event": "chat_started", "text": "ü" * (2 << 20)})
    assert (len(huge["beginning"]), huge["characters"] > 2 << 20) == (LONGEST_KEPT, True)
