"""What is sent to whom, how it is signed, and where nothing is sent."""

from datetime import timedelta

import httpx
import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from runtime.sealing import Sealing
from tests.activities.engine_edge import EngineEdge
from tests.activities.event_scene import NAME, NUMBER, SECRET, Receivers, Scene, answered, receivers, scene
from tests.activities.stage import Clock
from tests.builders import NOON, add_attempt_of, add_lead, change

__all__ = ["receivers", "scene"]

OTHER_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


async def test_what_comes_through_at_once_is_sent_once_and_costs_the_engine_nothing(
    scene: Scene, receivers: Receivers, engine: EngineEdge
) -> None:
    await scene.subscribe()
    lead = await scene.finish_a_lead()
    await scene.round()
    await scene.round()
    (request,) = receivers.got
    delivery = await scene.only_delivery()
    assert request.headers["webhook-id"] == f"msg_{delivery.id.hex}"
    assert request.headers["content-type"] == "application/json"
    (body,) = receivers.bodies()
    assert (body["type"], body["data"]["id"], body["data"]["outcome"]) == ("lead.done", str(lead.id), "reached")
    assert body["data"]["name"] == NAME
    assert body["timestamp"].endswith("Z")
    assert (delivery.status, delivery.tries, delivery.status_code, delivery.error) == ("delivered", 1, 204, None)
    assert (engine.started, scene.count("delivered"), scene.count("failed")) == ([], 1, 0)


async def test_a_call_is_shown_as_it_stands_when_it_is_sent(scene: Scene, receivers: Receivers) -> None:
    await scene.subscribe(event_types=["call.started", "call.analyzed"])
    attempt = await add_attempt_of(
        scene.sessions, scene.world, await add_lead(scene.sessions, scene.world), "dialling", call_id="call_1"
    )
    await change(scene.sessions, attempt, started_at=NOON, status="in_progress")
    await change(
        scene.sessions,
        attempt,
        ended_at=NOON,
        slot_released_at=NOON,
        analyzed_at=NOON,
        status="done",
        outcome="answered",
    )
    await scene.round()
    shown = {body["type"]: body["data"] for body in receivers.bodies()}
    assert shown.keys() == {"call.started", "call.analyzed"}
    for call in shown.values():
        assert (call["id"], call["call_id"], call["outcome"]) == (str(attempt.id), "call_1", "answered")
        assert (call["direction"], call["phone_number"], call["ended_at"]) == (
            "outbound",
            NUMBER,
            "2026-03-02T18:00:00Z",
        )


async def test_receivers_verify_with_the_new_secret_and_for_a_day_with_the_old_one(
    scene: Scene, receivers: Receivers, clock: Clock
) -> None:
    subscription = await scene.subscribe()
    await change(
        scene.sessions,
        subscription,
        old_sealed_secret=scene.sealing.seal(OTHER_SECRET),
        old_secret_until=NOON + timedelta(hours=24),
    )
    for _ in range(2):
        await scene.finish_a_lead()
        await scene.round()
        clock.forward(hours=24)
    signatures = [request.headers["webhook-signature"].split(" ") for request in receivers.got]
    assert [len(one) for one in signatures] == [2, 1]
    # The library holds messages to the clock of the machine, which isn't that of this scene: it signs them itself.
    for request, signed in zip(receivers.got, signatures, strict=True):
        at = NOON if request is receivers.got[0] else NOON + timedelta(hours=24)
        assert signed[0] == Webhook(SECRET).sign(request.headers["webhook-id"], at, request.content.decode())
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER_SECRET).verify(receivers.got[1].content, dict(receivers.got[1].headers))


async def test_nothing_is_sent_into_networks_of_ones_own(scene: Scene, receivers: Receivers) -> None:
    for host in ("inside.example.com", "127.0.0.1", "169.254.169.254", "[::ffff:10.0.0.1]", "localhost"):
        await scene.subscribe(host)
    await scene.finish_a_lead()
    await scene.round()
    assert receivers.got == []
    assert {row.error for row in await scene.log()} == {
        "Not answered: the link leads into a private network, or to this machine."
    }


async def test_redirects_are_answers_and_not_followed(scene: Scene, receivers: Receivers) -> None:
    async def elsewhere(request: httpx.Request) -> httpx.Response:
        answer = answered(307)
        answer.headers["Location"] = "https://inside.example.com/"
        return answer

    receivers.answers["crm.example.com"] = elsewhere
    await scene.subscribe()
    await scene.finish_a_lead()
    await scene.round()
    assert (len(receivers.got), (await scene.only_delivery()).error) == (1, "Answered 307.")


async def test_a_secret_that_cannot_be_opened_sends_nothing_and_says_so(scene: Scene, receivers: Receivers) -> None:
    await scene.subscribe(sealed_secret=Sealing(["another key" * 4]).seal(SECRET))
    await scene.finish_a_lead()
    await scene.round()
    assert receivers.got == []
    assert "LEADLINE_SECRETS_KEY" in str((await scene.only_delivery()).error)
