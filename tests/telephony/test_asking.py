import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from domain.calls import CallEvent
from telephony.errors import ProviderBusy, ProviderError, ProviderRejected, ProviderUnreachable
from telephony.http import provider_http_client
from telephony.provider import Concurrency
from telephony.retell_client import RetellProvider

ProviderOver = Callable[[Callable[[httpx.Request], httpx.Response]], RetellProvider]
Question = Callable[[RetellProvider], Any]

ATTEMPT = UUID("6f1d3c1e-5b0a-5f6e-9a56-0c7d6a3a1b11")
ONGOING: dict[str, Any] = {
    "call_id": "call_1",
    "call_status": "ongoing",
    "metadata": {"attempt_id": str(ATTEMPT)},
}
ENDED = ONGOING | {"call_status": "ended", "disconnection_reason": "a_new_reason", "transcript": "Agent: Hi"}
STRANGER = ONGOING | {"call_id": "call_9", "metadata": {}}


def answering(answers: dict[str, httpx.Response]) -> Callable[[httpx.Request], httpx.Response]:
    """A network that knows these paths and nothing else."""
    return lambda request: answers[request.url.path]


def json_answer(body: object) -> httpx.Response:
    return httpx.Response(200, json=body)


async def test_a_call_is_looked_up_with_all_its_facts(provider_over: ProviderOver) -> None:
    facts = await provider_over(answering({"/v2/get-call/call_1": json_answer(ENDED)})).get("call_1")

    assert facts is not None
    assert (facts.event, facts.attempt_id, facts.ended) == (CallEvent.LOOKED_UP, ATTEMPT, True)
    assert (facts.disconnection_reason, facts.transcript) == ("a_new_reason", "Agent: Hi")


@pytest.mark.parametrize("status", [404, 422])
async def test_a_call_the_provider_does_not_know_is_none(provider_over: ProviderOver, status: int) -> None:
    provider = provider_over(answering({"/v2/get-call/call_1": httpx.Response(status)}))

    assert await provider.get("call_1") is None


@pytest.mark.parametrize("call_id", ["", "../x", "a b", "x" * 129])
async def test_what_cannot_be_a_call_id_is_not_even_asked_for(provider_over: ProviderOver, call_id: str) -> None:
    provider = provider_over(answering({}))

    assert await provider.get(call_id) is None
    await provider.stop(call_id)


async def test_an_answer_about_another_call_is_no_answer(provider_over: ProviderOver) -> None:
    provider = provider_over(answering({"/v2/get-call/call_1": json_answer(STRANGER)}))

    with pytest.raises(ProviderUnreachable):
        await provider.get("call_1")


async def test_an_attempt_is_found_by_its_metadata_and_then_read_in_full(provider_over: ProviderOver) -> None:
    asked: list[Any] = []

    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v3/list-calls":
            asked.append(json.loads(request.content))
            return json_answer({"items": [ONGOING], "has_more": False})
        assert request.url.path == "/v2/get-call/call_1"
        return json_answer(ENDED)

    facts = await provider_over(handler).find(ATTEMPT)

    assert facts is not None
    assert facts.transcript == "Agent: Hi"
    assert asked[0]["filter_criteria"] == {
        "metadata": [{"key": "attempt_id", "op": "eq", "type": "string", "value": str(ATTEMPT)}]
    }
    assert asked[0]["sort_order"] == "descending"


async def test_an_attempt_without_a_call_is_none(provider_over: ProviderOver) -> None:
    provider = provider_over(answering({"/v3/list-calls": json_answer({"items": [], "has_more": False})}))

    assert await provider.find(ATTEMPT) is None


async def test_a_list_that_knows_more_than_get_is_believed(provider_over: ProviderOver) -> None:
    answers = {"/v3/list-calls": json_answer({"items": [ONGOING]}), "/v2/get-call/call_1": httpx.Response(422)}
    facts = await provider_over(answering(answers)).find(ATTEMPT)

    assert facts is not None
    assert facts.call_id == "call_1"


async def test_calls_of_strangers_in_the_list_are_passed_over(provider_over: ProviderOver) -> None:
    answers = {
        "/v3/list-calls": json_answer({"items": [None, {}, STRANGER, ONGOING]}),
        "/v2/get-call/call_1": json_answer(ENDED),
    }
    facts = await provider_over(answering(answers)).find(ATTEMPT)

    assert facts is not None
    assert facts.call_id == "call_1"


async def test_a_list_of_strangers_only_does_not_prove_that_nothing_rang(provider_over: ProviderOver) -> None:
    provider = provider_over(answering({"/v3/list-calls": json_answer({"items": [STRANGER]})}))

    with pytest.raises(ProviderUnreachable, match="list"):
        await provider.find(ATTEMPT)


async def test_the_calls_of_many_attempts_are_one_question(provider_over: ProviderOver) -> None:
    other = UUID("6f1d3c1e-5b0a-5f6e-9a56-0c7d6a3a1b12")
    newest = ENDED | {"call_id": "call_2"}
    asked: list[Any] = []

    def handler(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v3/list-calls"
        asked.append(json.loads(request.content))
        return json_answer({"items": [newest, ONGOING, STRANGER, None], "has_more": False})

    listed = await provider_over(handler).list_calls([ATTEMPT, other])

    assert [(facts.call_id, facts.attempt_id, facts.ended) for facts in listed] == [("call_2", ATTEMPT, True)]
    (body,) = asked
    (condition,) = body["filter_criteria"]["metadata"]
    assert sorted(condition.pop("value")) == sorted([str(ATTEMPT), str(other)])
    assert condition == {"key": "attempt_id", "op": "in", "type": "enum"}


async def test_without_attempts_there_is_nothing_to_ask(provider_over: ProviderOver) -> None:
    assert await provider_over(answering({})).list_calls([]) == []


@pytest.mark.parametrize("answer", [{"items": [STRANGER]}, {"items": None}, {}], ids=["strangers", "none", "nothing"])
async def test_a_list_that_is_not_of_our_calls_is_no_answer(provider_over: ProviderOver, answer: object) -> None:
    with pytest.raises(ProviderUnreachable, match="list"):
        await provider_over(answering({"/v3/list-calls": json_answer(answer)})).list_calls([ATTEMPT])


async def test_calls_that_came_in_are_listed_from_an_instant_on_and_none_that_went_out(
    provider_over: ProviderOver,
) -> None:
    rang = ONGOING | {"call_id": "call_in", "direction": "inbound", "metadata": None}
    asked: list[Any] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(json.loads(request.content))
        return json_answer({"items": [rang, ONGOING | {"direction": "outbound"}, STRANGER, None], "has_more": False})

    listed = await provider_over(handler).list_inbound(datetime(2026, 3, 2, 18, 0, tzinfo=UTC))

    assert [(facts.call_id, facts.ended) for facts in listed] == [("call_in", False)]
    (body,) = asked
    assert body["filter_criteria"] == {
        "direction": {"op": "in", "type": "enum", "value": ["inbound"]},
        "start_timestamp": {"op": "ge", "type": "number", "value": 1_772_474_400_000},
    }


@pytest.mark.parametrize("status", [200, 204])
async def test_a_live_call_is_stopped(provider_over: ProviderOver, status: int) -> None:
    stopped: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        stopped.append(f"{request.method} {request.url.path}")
        return httpx.Response(status)

    await provider_over(handler).stop("call_1")

    assert stopped == ["POST /v2/stop-call/call_1"]


@pytest.mark.parametrize("status", [400, 404, 422])
@pytest.mark.parametrize(
    "looked_up",
    [pytest.param(json_answer(ENDED), id="ended"), pytest.param(httpx.Response(422), id="unknown")],
)
async def test_stopping_a_call_that_is_over_or_unknown_is_fine(
    provider_over: ProviderOver, status: int, looked_up: httpx.Response
) -> None:
    answers = {"/v2/stop-call/call_1": httpx.Response(status), "/v2/get-call/call_1": looked_up}
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return answers[request.url.path]

    await provider_over(handler).stop("call_1")

    assert asked == list(answers), "it is over because the provider says so, not because stopping was refused"


@pytest.mark.parametrize("status", [400, 401, 422])
async def test_a_live_call_that_was_not_stopped_is_an_error(provider_over: ProviderOver, status: int) -> None:
    answers = {"/v2/stop-call/call_1": httpx.Response(status), "/v2/get-call/call_1": json_answer(ONGOING)}

    with pytest.raises(ProviderRejected):
        await provider_over(answering(answers)).stop("call_1")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(
            {"current_concurrency": 3, "concurrency_limit": 20, "reserved_inbound_concurrency": 2},
            Concurrency(current=3, limit=20, reserved_inbound=2),
            id="full",
        ),
        pytest.param(
            {"current_concurrency": 0, "concurrency_limit": 20},
            Concurrency(current=0, limit=20, reserved_inbound=0),
            id="nothing-reserved",
        ),
    ],
)
async def test_the_account_says_how_full_it_is(
    provider_over: ProviderOver, answer: dict[str, int], expected: Concurrency
) -> None:
    provider = provider_over(answering({"/get-concurrency": json_answer(answer)}))

    assert await provider.concurrency() == expected


async def test_a_call_is_deleted(provider_over: ProviderOver) -> None:
    deleted: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        deleted.append(f"{request.method} {request.url.path}")
        return httpx.Response(204)

    await provider_over(handler).delete("call_1")

    assert deleted == ["DELETE /v2/delete-call/call_1"]


@pytest.mark.parametrize("status", [400, 404, 422])
async def test_a_call_that_is_unknown_is_deleted_and_one_that_is_still_there_is_not(
    provider_over: ProviderOver, status: int
) -> None:
    gone = {"/v2/delete-call/call_1": httpx.Response(status), "/v2/get-call/call_1": httpx.Response(422)}
    kept = {"/v2/delete-call/call_1": httpx.Response(status), "/v2/get-call/call_1": json_answer(ENDED)}

    await provider_over(answering(gone)).delete("call_1")
    with pytest.raises(ProviderRejected):
        await provider_over(answering(kept)).delete("call_1")


QUESTIONS = [
    pytest.param(lambda provider: provider.get("call_1"), id="get"),
    pytest.param(lambda provider: provider.find(ATTEMPT), id="find"),
    pytest.param(lambda provider: provider.stop("call_1"), id="stop"),
    pytest.param(lambda provider: provider.delete("call_1"), id="delete"),
    pytest.param(lambda provider: provider.concurrency(), id="concurrency"),
]


@pytest.mark.parametrize("ask", QUESTIONS)
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(httpx.Response(401), ProviderRejected, id="401"),
        pytest.param(httpx.Response(429), ProviderBusy, id="429"),
        pytest.param(httpx.Response(409), ProviderUnreachable, id="409"),
        pytest.param(httpx.Response(500), ProviderUnreachable, id="500"),
        pytest.param(httpx.ConnectError("refused"), ProviderUnreachable, id="connection-refused"),
        pytest.param(httpx.ReadTimeout("silence"), ProviderUnreachable, id="silence"),
    ],
)
async def test_a_question_is_asked_once_and_never_leaves_a_dial_in_doubt(
    provider_over: ProviderOver, ask: Question, answer: httpx.Response | Exception, expected: type[ProviderError]
) -> None:
    requests = 0

    def handler(_: httpx.Request) -> httpx.Response:
        nonlocal requests
        requests += 1
        if isinstance(answer, Exception):
            raise answer
        return answer

    with pytest.raises(expected):
        await ask(provider_over(handler))
    assert requests == 1


@pytest.mark.parametrize("ask", [row for row in QUESTIONS if row.id not in ("stop", "delete")])
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(httpx.Response(200, text="<html>"), id="no-json"),
        pytest.param(httpx.Response(200, json=[]), id="a-list"),
        pytest.param(httpx.Response(200, json={}), id="an-empty-object"),
    ],
)
async def test_an_answer_that_makes_no_sense_is_no_answer(
    provider_over: ProviderOver, ask: Question, answer: httpx.Response
) -> None:
    with pytest.raises(ProviderUnreachable):
        await ask(provider_over(lambda _: answer))


async def test_the_shared_connections_follow_no_redirect_and_give_up_connecting_after_five_seconds() -> None:
    async with provider_http_client() as http:
        assert http.follow_redirects is False
        assert (http.timeout.connect, http.timeout.read) == (5.0, 40.0)
