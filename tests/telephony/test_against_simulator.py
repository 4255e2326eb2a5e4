"""The client against a stand-in for the provider: another process, over HTTP, with its own code for everything."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from domain.calls import CallFacts
from telephony.errors import (
    DialUnconfirmed,
    ProviderBusy,
    ProviderError,
    ProviderRejected,
    ProviderUnreachable,
    RejectionReason,
)
from telephony.http import provider_http_client
from telephony.provider import Concurrency
from telephony.requests import CallRequest, build_call_body
from telephony.retell_client import RetellProvider
from tests.patience import PATIENCE_SECONDS

LEAD = "+13125550142"


def body(attempt_id: UUID, **changes: object) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "lead_id": uuid4(),
        "from_number": "+12125550100",
        "to_number": LEAD,
        "webhook_url": "http://127.0.0.1:9/",
        "max_duration": timedelta(seconds=300),
        "dynamic_variables": {"name": "Ana"},
    }
    return build_call_body(CallRequest(attempt_id=attempt_id, **(usual | changes)))


async def long_call(control: httpx.AsyncClient) -> None:
    """The next call to the lead lasts a minute."""
    pin = {"to_number": LEAD, "calls": [{"scenario": "answer", "ring_seconds": 0, "talk_seconds": 60}]}
    (await control.post("/scenarios", json=pin)).raise_for_status()


async def fault(control: httpx.AsyncClient, **order: object) -> None:
    (await control.post("/faults", json={"operation": "create-phone-call", "next": 1} | order)).raise_for_status()


async def looked_up(provider: RetellProvider, call_id: str, enough: Callable[[CallFacts], bool]) -> CallFacts:
    """Asks again and again until the facts are enough."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        # Polled, because the facts lie in another process.
        while (facts := await provider.get(call_id)) is None or not enough(facts):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return facts


async def test_a_call_goes_from_dialling_to_its_analysis(provider: RetellProvider) -> None:
    attempt_id = uuid4()
    placed = await provider.place(body(attempt_id))
    facts = await looked_up(provider, placed.call_id, lambda facts: facts.analyzed)

    assert (facts.attempt_id, facts.to_number, facts.agent_id) == (attempt_id, LEAD, placed.agent_id)
    assert facts.disconnection_reason in {"agent_hangup", "user_hangup"}
    assert facts.ended
    assert facts.started_at is not None
    assert facts.ended_at is not None
    assert facts.transcript
    assert facts.utterances
    assert facts.cost_cents is not None
    assert facts.recording_url
    assert facts.analysis is not None
    assert facts.analysis["summary"]


async def test_the_same_body_again_is_the_same_call(provider: RetellProvider) -> None:
    frozen = body(uuid4())

    assert (await provider.place(frozen)).call_id == (await provider.place(frozen)).call_id


async def test_an_attempt_is_found_by_its_id_in_full(provider: RetellProvider) -> None:
    attempt_id = uuid4()
    placed = await provider.place(body(attempt_id))
    await provider.place(body(uuid4(), to_number="+13125550143"))
    await looked_up(provider, placed.call_id, lambda facts: facts.ended)
    found = await provider.find(attempt_id)

    assert found is not None
    assert found.call_id == placed.call_id
    assert found.transcript


async def test_many_attempts_are_listed_at_once_also_while_they_ring(
    provider: RetellProvider, control: httpx.AsyncClient
) -> None:
    over, ringing, never = uuid4(), uuid4(), uuid4()
    placed = await provider.place(body(over, to_number="+13125550143"))
    await looked_up(provider, placed.call_id, lambda facts: facts.analyzed)
    pin = {"to_number": LEAD, "calls": [{"scenario": "answer", "ring_seconds": 60}]}
    (await control.post("/scenarios", json=pin)).raise_for_status()
    await provider.place(body(ringing))
    await provider.place(body(uuid4(), to_number="+13125550144"))
    listed = {facts.attempt_id: facts for facts in await provider.list_calls([over, ringing, never])}

    assert set(listed) == {over, ringing}
    assert (listed[over].ended, listed[over].analyzed, listed[over].transcript) == (True, True, None)
    assert not listed[ringing].ended


async def test_what_was_never_dialled_is_neither_found_nor_known(provider: RetellProvider) -> None:
    assert await provider.find(uuid4()) is None
    assert await provider.get("call_that_never_was") is None
    await provider.stop("call_that_never_was")


async def test_a_live_call_is_hung_up_and_hanging_up_again_is_fine(
    provider: RetellProvider, control: httpx.AsyncClient
) -> None:
    await long_call(control)
    placed = await provider.place(body(uuid4()))
    await looked_up(provider, placed.call_id, lambda facts: facts.provider_status == "ongoing")
    await provider.stop(placed.call_id)
    facts = await looked_up(provider, placed.call_id, lambda facts: facts.ended)
    await provider.stop(placed.call_id)

    assert facts.disconnection_reason == "manual_stopped"


async def test_a_call_that_was_deleted_is_known_no_more_and_deleting_it_again_is_fine(provider: RetellProvider) -> None:
    attempt = uuid4()
    placed = await provider.place(body(attempt))
    await looked_up(provider, placed.call_id, lambda facts: facts.analyzed)
    for _ in range(2):
        await provider.delete(placed.call_id)

        assert await provider.get(placed.call_id) is None
        assert await provider.find(attempt) is None


async def test_the_account_counts_its_live_calls(provider: RetellProvider, control: httpx.AsyncClient) -> None:
    await long_call(control)
    await provider.place(body(uuid4()))

    assert await provider.concurrency() == Concurrency(current=1, limit=20, reserved_inbound=0)


async def test_a_full_account_is_busy(provider: RetellProvider, control: httpx.AsyncClient) -> None:
    await control.post("/settings", json={"concurrency_limit": 0})

    with pytest.raises(ProviderBusy):
        await provider.place(body(uuid4()))


@pytest.mark.parametrize(
    "order",
    [
        pytest.param({"effect": "error", "status": 500, "moment": "after"}, id="500"),
        pytest.param({"effect": "drop", "moment": "after"}, id="connection-cut"),
        pytest.param({"effect": "silence", "moment": "after"}, id="no-answer"),
    ],
)
async def test_a_call_whose_answer_got_lost_is_unconfirmed_and_can_be_found_and_repeated(
    provider: RetellProvider,
    impatient_provider: RetellProvider,
    control: httpx.AsyncClient,
    order: dict[str, Any],
) -> None:
    await fault(control, **order)
    attempt_id = uuid4()
    frozen = body(attempt_id)

    with pytest.raises(DialUnconfirmed):
        await impatient_provider.place(frozen)

    found = await provider.find(attempt_id)
    assert found is not None
    assert (await provider.place(frozen)).call_id == found.call_id


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        pytest.param({"status": 401}, RejectionReason.ACCOUNT, id="account"),
        pytest.param({"status": 402}, RejectionReason.PAYMENT, id="payment"),
        pytest.param(
            {"status": 404, "message": "Item +12125550100 not found from phone-number"},
            RejectionReason.CALLER_ID,
            id="caller-id",
        ),
    ],
)
async def test_a_refusal_says_who_has_to_act(
    provider: RetellProvider, control: httpx.AsyncClient, order: dict[str, Any], expected: RejectionReason
) -> None:
    await fault(control, effect="error", **order)

    with pytest.raises(ProviderRejected) as caught:
        await provider.place(body(uuid4()))
    assert caught.value.reason is expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"agent_id": "agent_nobody_made", "agent_version": 99}, RejectionReason.AGENT, id="agent"),
        pytest.param({"to_number": "none"}, RejectionReason.NUMBER, id="destination"),
        pytest.param({"from_number": "none"}, RejectionReason.CALLER_ID, id="caller-id"),
    ],
)
async def test_what_the_provider_cannot_use_is_named(
    provider: RetellProvider, control: httpx.AsyncClient, changes: dict[str, Any], expected: RejectionReason
) -> None:
    await control.post("/settings", json={"strict": True})

    with pytest.raises(ProviderRejected) as caught:
        await provider.place(body(uuid4(), **changes))
    await control.post("/settings", json={"strict": False})
    assert caught.value.reason is expected


async def test_another_key_is_refused(simulator: str) -> None:
    async with provider_http_client() as http:
        with pytest.raises(ProviderRejected) as caught:
            await RetellProvider("another_key", simulator, http).concurrency()
    assert caught.value.reason is RejectionReason.ACCOUNT


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        pytest.param({"status": 503}, ProviderUnreachable, id="503"),
        pytest.param({"status": 429, "retry_after": 1.5}, ProviderBusy, id="429"),
    ],
)
async def test_a_question_without_an_answer_may_be_asked_again(
    provider: RetellProvider, control: httpx.AsyncClient, order: dict[str, Any], expected: type[ProviderError]
) -> None:
    await fault(control, operation="get-concurrency", effect="error", **order)

    with pytest.raises(expected):
        await provider.concurrency()
    assert (await provider.concurrency()).current == 0
