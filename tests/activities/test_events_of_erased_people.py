"""What receivers are told of people who were erased, and what is left of what they answered."""

import httpx
import pytest

from storage import erasure
from storage.models import AttemptRow, LeadRow
from tests.activities.event_scene import NAME, NUMBER, Receivers, Scene, answered, receivers, scene
from tests.builders import NOON, add_attempt_of, add_lead, change

__all__ = ["receivers", "scene"]


async def test_of_an_erased_person_only_the_id_is_told(scene: Scene, receivers: Receivers) -> None:
    await scene.subscribe(event_types=None)
    lead = await add_lead(scene.sessions, scene.world, NUMBER, name=NAME)
    attempt = await add_attempt_of(scene.sessions, scene.world, lead, "dialling", call_id="call_1")
    await change(scene.sessions, attempt, started_at=NOON, status="in_progress")
    await change(scene.sessions, attempt, ended_at=NOON, slot_released_at=NOON, status="done", outcome="answered")
    await _erase(scene, lead)
    await scene.round()
    shown = {body["type"]: body["data"] for body in receivers.bodies()}
    assert shown == {
        "call.started": {"id": str(attempt.id), "erased": True},
        "call.ended": {"id": str(attempt.id), "erased": True},
        "lead.done": {"id": str(lead.id), "erased": True},
    }


@pytest.mark.parametrize("when", ["before the erasure", "while they are erased"])
async def test_what_receivers_answered_about_a_person_goes_with_them(
    scene: Scene, receivers: Receivers, when: str
) -> None:
    lead = await add_lead(scene.sessions, scene.world, NUMBER, name=NAME)
    attempt = await add_attempt_of(scene.sessions, scene.world, lead, "dialling")

    async def repeats(request: httpx.Request) -> httpx.Response:
        if when != "before the erasure":
            await _erase(scene, lead)
        return answered(200, f"thanks for {NAME}".encode())

    receivers.answers["crm.example.com"] = repeats
    await scene.subscribe(event_types=["call.ended"])
    await _end(scene, attempt)
    await scene.round()
    delivery = await scene.only_delivery()
    if when == "before the erasure":
        assert delivery.response == f"thanks for {NAME}"
        await _erase(scene, lead)
        delivery = await scene.only_delivery()
    assert (delivery.status, delivery.response) == ("delivered", None)


async def _end(scene: Scene, attempt: AttemptRow) -> None:
    await change(
        scene.sessions,
        attempt,
        ended_at=NOON,
        slot_released_at=NOON,
        status="done",
        outcome="answered",
    )


async def _erase(scene: Scene, lead: LeadRow) -> None:
    async with scene.sessions.begin() as session:
        await erasure.erase(session, await erasure.lock_person(session, lead.contact_id), NOON)
