import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from telephony.errors import (
    DialUnconfirmed,
    ProviderBusy,
    ProviderError,
    ProviderRejected,
    ProviderUnreachable,
    RejectionReason,
)
from telephony.provider import PlacedCall
from telephony.retell_client import RetellProvider

ProviderOver = Callable[[Callable[[httpx.Request], httpx.Response]], RetellProvider]

BODY: dict[str, Any] = {
    "to_number": "+13125550142",
    "from_number": "+12125550100",
    "idempotency_key": "6f1d3c1e-5b0a-5f6e-9a56-0c7d6a3a1b11",
    "override_agent_id": "agent_a",
    "metadata": {"attempt_id": "6f1d3c1e-5b0a-5f6e-9a56-0c7d6a3a1b11", "empty": {}, "nothing": None},
    "a_field_of_tomorrow": [1, "zwölf", 2.5],
}
ANSWER: dict[str, Any] = {
    "call_id": "call_1",
    "agent_id": "agent_a",
    "agent_version": 2,
    "call_status": "registered",
    "from_number": "+12125550100",
}


def error(status: int, message: str = "no", **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"status": "error", "message": message}, headers=headers)


async def failure(provider_over: ProviderOver, answer: httpx.Response | Exception) -> ProviderError:
    """What placing a call raises when the network answers like this; exactly one request may leave."""
    requests = 0

    def handler(_: httpx.Request) -> httpx.Response:
        nonlocal requests
        requests += 1
        if isinstance(answer, Exception):
            raise answer
        return answer

    with pytest.raises(ProviderError) as caught:
        await provider_over(handler).place(BODY)
    assert requests == 1
    return caught.value


@pytest.mark.parametrize("status", [200, 201])
async def test_a_call_that_was_taken_is_told(provider_over: ProviderOver, status: int) -> None:
    provider = provider_over(lambda _: httpx.Response(status, json=ANSWER))

    assert await provider.place(BODY) == PlacedCall("call_1", "agent_a", 2, "+12125550100")


async def test_the_body_leaves_exactly_as_it_was_frozen_and_the_same_again(provider_over: ProviderOver) -> None:
    sent: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(201, json=ANSWER)

    provider = provider_over(handler)
    await provider.place(BODY)
    await provider.place(BODY)

    assert json.loads(sent[0].content) == BODY
    assert sent[0].content == sent[1].content


async def test_the_request_goes_to_the_right_place_with_the_key(provider_over: ProviderOver) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        assert (request.method, request.url.path) == ("POST", "/v2/create-phone-call")
        assert request.headers["authorization"] == "Bearer key_of_tests"
        return httpx.Response(201, json=ANSWER)

    assert (await provider_over(handler).place(BODY)).call_id == "call_1"


async def test_an_answer_may_take_forty_seconds_and_a_connection_five(provider_over: ProviderOver) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        assert request.extensions["timeout"] == {"connect": 5.0, "read": 40.0, "write": 40.0, "pool": 5.0}
        return httpx.Response(201, json=ANSWER)

    assert (await provider_over(handler).place(BODY)).call_id == "call_1"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"agent_version": "3"}, PlacedCall("call_1", "agent_a", 3, "+12125550100"), id="version-as-text"),
        pytest.param({"agent_version": None}, PlacedCall("call_1", "agent_a", None, "+12125550100"), id="no-version"),
        pytest.param({"agent_id": 5}, PlacedCall("call_1", None, 2, "+12125550100"), id="agent-as-number"),
        pytest.param({"call_status": "new"}, PlacedCall("call_1", "agent_a", 2, "+12125550100"), id="unknown-status"),
    ],
)
async def test_a_call_counts_as_placed_however_odd_the_rest_of_the_answer(
    provider_over: ProviderOver, changes: dict[str, Any], expected: PlacedCall
) -> None:
    assert await provider_over(lambda _: httpx.Response(201, json=ANSWER | changes)).place(BODY) == expected


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(error(401, "API key is missing or invalid."), RejectionReason.ACCOUNT, id="401"),
        pytest.param(error(402, "Trial has ended"), RejectionReason.PAYMENT, id="402"),
        pytest.param(error(402, "Purchase more concurrency"), RejectionReason.PAYMENT, id="402-about-concurrency"),
        pytest.param(error(403, "Forbidden"), RejectionReason.ACCOUNT, id="403"),
        pytest.param(
            error(404, "Item +12125550100 not found from phone-number"), RejectionReason.CALLER_ID, id="caller-id"
        ),
        pytest.param(
            error(400, "No outbound agent id set up for phone number."), RejectionReason.AGENT, id="no-agent-bound"
        ),
        pytest.param(error(404, "Item agent_a not found from agent"), RejectionReason.AGENT, id="agent"),
        pytest.param(error(422, "Cannot find requested asset under given api key."), RejectionReason.AGENT, id="asset"),
        pytest.param(error(400, "to_number is not a valid number"), RejectionReason.NUMBER, id="destination"),
        pytest.param(
            error(400, "Contact for to_number is marked do_not_call"), RejectionReason.DO_NOT_CALL, id="do-not-call"
        ),
        pytest.param(
            error(400, "agent_override.agent.ring_duration_ms is too small"), RejectionReason.REQUEST, id="override"
        ),
        pytest.param(error(400, "Invalid request format"), RejectionReason.REQUEST, id="400"),
        pytest.param(error(418), RejectionReason.REQUEST, id="418"),
        pytest.param(httpx.Response(404, text="<html>"), RejectionReason.REQUEST, id="404-no-json"),
        pytest.param(httpx.Response(400, json=["no"]), RejectionReason.REQUEST, id="400-a-list"),
        pytest.param(httpx.Response(400, json={"message": {"to_number": 1}}), RejectionReason.REQUEST, id="400-nested"),
        pytest.param(
            httpx.Response(400, json={"error_message": "unknown agent"}), RejectionReason.AGENT, id="other-error-field"
        ),
        pytest.param(
            httpx.Response(307, headers={"location": "https://elsewhere.example.com"}),
            RejectionReason.REQUEST,
            id="redirect-not-followed",
        ),
    ],
)
async def test_a_refusal_says_who_has_to_act(
    provider_over: ProviderOver, answer: httpx.Response, reason: RejectionReason
) -> None:
    rejected = await failure(provider_over, answer)

    assert isinstance(rejected, ProviderRejected)
    assert (rejected.reason, rejected.status) == (reason, answer.status_code)


async def test_a_missing_asset_is_the_caller_id_when_no_agent_was_named(provider_over: ProviderOver) -> None:
    body = {key: value for key, value in BODY.items() if key != "override_agent_id"}
    provider = provider_over(lambda _: error(422, "Cannot find requested asset under given api key."))

    with pytest.raises(ProviderRejected) as caught:
        await provider.place(body)

    assert caught.value.reason is RejectionReason.CALLER_ID


IN_A_DAY = format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True)


@pytest.mark.parametrize(
    ("answer", "retry_after"),
    [
        pytest.param(error(429), None, id="429"),
        pytest.param(error(429, retry_after="30"), None, id="header-of-another-name"),
        pytest.param(error(429, **{"Retry-After": "30"}), timedelta(seconds=30), id="seconds"),
        pytest.param(error(429, **{"Retry-After": "0.5"}), timedelta(seconds=0.5), id="half-a-second"),
        pytest.param(error(429, **{"Retry-After": "999999999"}), timedelta(hours=1), id="for-ever"),
        pytest.param(error(429, **{"Retry-After": IN_A_DAY}), timedelta(hours=1), id="a-date-tomorrow"),
        pytest.param(error(429, **{"Retry-After": "Mon, 02 Mar 2020 15:00:00 GMT"}), timedelta(0), id="a-date-past"),
        pytest.param(error(429, **{"Retry-After": "soon"}), None, id="nonsense"),
        pytest.param(error(429, **{"Retry-After": "-1"}), None, id="negative"),
        pytest.param(error(400, "Concurrency limit reached"), None, id="concurrency-as-400"),
    ],
)
async def test_no_room_says_when_to_come_back(
    provider_over: ProviderOver, answer: httpx.Response, retry_after: timedelta | None
) -> None:
    busy = await failure(provider_over, answer)

    assert isinstance(busy, ProviderBusy)
    assert busy.retry_after == retry_after


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(httpx.ConnectError("refused"), id="connection-refused"),
        pytest.param(httpx.ConnectTimeout("slow"), id="connecting-too-slow"),
        pytest.param(httpx.PoolTimeout("full"), id="no-free-connection"),
        pytest.param(httpx.ProxyError("no"), id="proxy-refuses"),
        pytest.param(httpx.UnsupportedProtocol("ftp"), id="unsupported-protocol"),
    ],
)
async def test_what_never_left_may_be_dialled_again(provider_over: ProviderOver, answer: Exception) -> None:
    assert isinstance(await failure(provider_over, answer), ProviderUnreachable)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(httpx.ReadTimeout("silence"), id="silence"),
        pytest.param(httpx.ReadError("reset"), id="reset-while-reading"),
        pytest.param(httpx.WriteError("reset"), id="reset-while-writing"),
        pytest.param(httpx.WriteTimeout("slow"), id="writing-too-slow"),
        pytest.param(httpx.RemoteProtocolError("gone"), id="closed-without-an-answer"),
        pytest.param(httpx.DecodingError("garbled"), id="garbled"),
        pytest.param(RuntimeError("never seen before"), id="anything-unknown"),
        pytest.param(error(500), id="500"),
        pytest.param(error(502), id="502"),
        pytest.param(error(503, **{"Retry-After": "1"}), id="503"),
        pytest.param(error(408), id="408"),
        pytest.param(error(409), id="409"),
        pytest.param(httpx.Response(303, headers={"location": "/"}), id="303"),
        pytest.param(httpx.Response(201, text="<html>"), id="no-json"),
        pytest.param(httpx.Response(201, content=b'{"call_id": "call_1"'), id="cut-off"),
        pytest.param(httpx.Response(201, content=b"\xff"), id="no-utf-8"),
        pytest.param(httpx.Response(201), id="empty"),
        pytest.param(httpx.Response(204), id="no-content"),
        pytest.param(httpx.Response(201, json=[]), id="a-list"),
        pytest.param(httpx.Response(201, json={}), id="no-call-id"),
        pytest.param(httpx.Response(201, json={"call_id": 7}), id="call-id-as-number"),
        pytest.param(httpx.Response(201, json={"call_id": ""}), id="empty-call-id"),
    ],
)
async def test_what_may_have_rung_is_unconfirmed(
    provider_over: ProviderOver, answer: httpx.Response | Exception
) -> None:
    assert isinstance(await failure(provider_over, answer), DialUnconfirmed)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(error(400, "+1 (312) 555-0142 is invalid, key_of_tests"), id="refusal"),
        pytest.param(error(500, "Bearer key_of_tests failed for +13125550142"), id="failure"),
        pytest.param(error(429, "13125550142"), id="busy"),
        pytest.param(httpx.ReadTimeout("+13125550142"), id="silence"),
    ],
)
async def test_an_error_tells_neither_keys_nor_phone_numbers(
    provider_over: ProviderOver, answer: httpx.Response | Exception
) -> None:
    problem = await failure(provider_over, answer)

    assert "555" not in str(problem)
    assert "key_of_tests" not in str(problem)
    assert (problem.__cause__, problem.__context__) == (None, None)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        pytest.param("Item +13125550142 not found from phone-number", "… not found from …", id="number"),
        pytest.param(
            "body/retell_llm_dynamic_variables/name must be string, got {'first': 'Jane', 'pet': \"goldfish\"}",
            "body/retell_llm_dynamic_variables/… must be string, …",
            id="variables",
        ),
        pytest.param("Jane Doe <jane@example.com> said: don't call", "…: don't call", id="person"),
        pytest.param("Ünal\u2028Çelik\x1b[31m not found", "… not found", id="other-alphabets-and-controls"),
        pytest.param("", "no reason given", id="nothing"),
    ],
)
async def test_an_error_tells_what_the_provider_complains_about_and_not_about_whom(
    provider_over: ProviderOver, said: str, told: str
) -> None:
    assert str(await failure(provider_over, error(400, said))) == f"the provider answered 400: {told}"


async def test_an_error_tells_what_the_provider_said_in_one_short_line(provider_over: ProviderOver) -> None:
    problem = await failure(provider_over, error(400, "Invalid request\n" + "x" * 10_000))

    assert str(problem).startswith("the provider answered 400: Invalid request")
    assert "\n" not in str(problem)
    assert len(str(problem)) < 300


@pytest.mark.parametrize(
    "key", [pytest.param("", id="empty"), pytest.param("key\n", id="newline"), pytest.param("schlüssel", id="umlaut")]
)
async def test_a_key_that_cannot_be_one_is_refused_at_the_start(key: str) -> None:
    async with httpx.AsyncClient() as http:
        with pytest.raises(ValueError, match="API key"):
            RetellProvider(key, "https://provider.example.com", http)
