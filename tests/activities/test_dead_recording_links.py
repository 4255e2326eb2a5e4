"""Links that lead nowhere, or where nobody may follow them."""

import pytest
import structlog

from activities.keeping_recordings import Shift
from tests.activities.provider_edge import ProviderEdge, refuses
from tests.activities.recording_stage import LINK, Links, RecordingStage, links, says, stage
from tests.builders import Sessions, reread

__all__ = ["links", "stage"]

FRESH = "https://recordings.example.com/1.wav?signature=fresh"


async def test_a_dead_link_is_replaced_by_the_one_that_the_provider_gives_now(
    stage: RecordingStage, links: Links, sessions: Sessions
) -> None:
    links.answers = {FRESH: says}
    row = await stage.recorded()
    stage.provider_gives(FRESH)
    assert await stage.round() == Shift(kept=1)
    assert links.asked == [LINK, FRESH]
    assert (await reread(sessions, row)).recording_url == FRESH


@pytest.mark.parametrize("gives", [LINK, None, FRESH], ids=["the-same", "none", "another-dead-one"])
async def test_a_link_that_stays_dead_is_given_up_and_said(
    stage: RecordingStage, links: Links, sessions: Sessions, gives: str | None
) -> None:
    links.answers = {}
    row = await stage.recorded()
    stage.provider_gives(gives)
    tries = 0
    with structlog.testing.capture_logs() as logs:
        while (await reread(sessions, row)).recording_given_up_at is None:
            await stage.round()
            tries += 1
            stage.clock.forward(hours=1)
    assert tries == 5
    given_up = await reread(sessions, row)
    assert (given_up.recording_problem, given_up.recording_path) == ("link_dead", None)
    (error,) = [line for line in logs if line["log_level"] == "error"]
    assert (error["event"], error["attempt_id"], error["tries"]) == ("recording_given_up", str(row.id), 5)
    assert (stage.count("failed"), stage.count("given_up")) == (4, 1)
    assert await stage.round() == Shift()


async def test_a_provider_that_cannot_be_asked_for_a_link_costs_one_try(
    stage: RecordingStage, links: Links, provider: ProviderEdge, sessions: Sessions
) -> None:
    links.answers = {FRESH: says}
    row = await stage.recorded()
    provider.questions = [refuses(503, "later")]
    stage.provider_gives(FRESH)
    assert await stage.round() == Shift(failed=1)
    assert (await reread(sessions, row)).recording_problem == "unreachable"
    stage.clock.forward(minutes=1)
    assert await stage.round() == Shift(kept=1)


async def test_a_link_into_our_own_network_is_given_up_at_once(stage: RecordingStage, sessions: Sessions) -> None:
    row = await stage.recorded(recording_url="http://169.254.169.254/latest/meta-data")
    assert await stage.round() == Shift(given_up=1)
    assert (await reread(sessions, row)).recording_problem == "link_forbidden"


async def test_the_link_is_in_no_log(stage: RecordingStage, links: Links) -> None:
    links.answers = {}
    await stage.recorded(1)
    await stage.recorded(2, recording_url="http://secret.example.com/secret")
    with structlog.testing.capture_logs() as logs:
        await stage.round()
    assert len(logs) == 2
    assert "secret" not in repr(logs)
