"""Recordings as a provider keeps them: behind links that die, and sometimes not what was hoped for."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from retell import AsyncRetell
from retell.types import PhoneCallResponse

from simulator.rehearsal import Stage
from tests.patience import PATIENCE_SECONDS

Dial = Callable[..., Awaitable[PhoneCallResponse]]
Control = Callable[..., Awaitable[Any]]


@pytest.fixture
async def web() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE_SECONDS) as client:
        yield client


@pytest.fixture
async def call_id(stage: Stage, dial: Dial) -> str:
    """A call that was answered and is over."""
    stage.settings.apply({"mix": {"answer": 1}})
    made = await dial()
    await stage.inbox.events(3)
    return made.call_id


async def link(retell: AsyncRetell, call_id: str) -> str:
    return (await retell.call.retrieve(call_id)).recording_url or ""


async def test_a_link_dies_so_long_after_it_was_given_and_the_next_look_up_gives_a_living_one(
    stage: Stage, retell: AsyncRetell, web: httpx.AsyncClient, call_id: str
) -> None:
    stage.settings.apply({"recording_link_seconds": 0})
    assert (await web.get(await link(retell, call_id))).status_code == 403
    stage.settings.apply({"recording_link_seconds": 600})
    assert (await web.get(await link(retell, call_id))).status_code == 200


async def test_a_huge_one_comes_whole_and_begins_like_any_other(
    retell: AsyncRetell, web: httpx.AsyncClient, control: Control, call_id: str
) -> None:
    await control("POST", "/faults", {"operation": "recordings", "effect": "huge", "size_bytes": 3_000_001, "next": 1})
    huge = await web.get(await link(retell, call_id))
    assert (len(huge.content), huge.headers["content-type"]) == (3_000_001, "audio/wav")
    usual = await web.get(await link(retell, call_id))
    assert huge.content[:4] == usual.content[:4] == b"RIFF"


async def test_it_can_lead_elsewhere_or_fail_like_any_request(
    retell: AsyncRetell, web: httpx.AsyncClient, control: Control, call_id: str
) -> None:
    elsewhere = {"effect": "redirect", "location": "http://127.0.0.1:1/", "next": 1}
    gone = {"effect": "error", "status": 404, "next": 1}
    await control("POST", "/faults", [{"operation": "recordings"} | fault for fault in (elsewhere, gone)])
    redirected, missing, fine = [await web.get(await link(retell, call_id)) for _ in range(3)]
    assert (redirected.status_code, redirected.headers["location"]) == (302, "http://127.0.0.1:1/")
    assert (missing.status_code, fine.status_code) == (404, 200)
    assert (await control("GET", "/stats"))["requests"]["recordings"] == 3


@pytest.mark.parametrize("effect", ["huge", "redirect"])
async def test_nothing_but_a_recording_is_huge_or_elsewhere(control: Control, effect: str) -> None:
    with pytest.raises(httpx.HTTPStatusError, match="400"):
        await control("POST", "/faults", {"operation": "get-call", "effect": effect})
