"""The worker killed with SIGKILL around the dial. ``python -m tests.end_to_end.kills`` does it in numbers."""

import os
import random
from pathlib import Path

import pytest

from tests.end_to_end.experiment import Trial
from tests.end_to_end.kills import say
from tests.end_to_end.worker_kills import WorkerKills

KILLS = 8
OPEN_LEADS = 30

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(400)]


async def test_a_worker_killed_around_the_dial_calls_nobody_twice_and_forgets_nobody(tmp_path: Path) -> None:
    seed = random.randrange(1_000_000)
    say(f"seed {seed}")
    kills = WorkerKills(bursts=[KILLS], dice=random.Random(seed), open_leads=OPEN_LEADS, longest_life_seconds=1.0)
    trial = Trial(kills, tmp_path / "home", os.environ, say)
    async with trial.stack:
        await trial.run()
    say(str(kills.figures()))
    assert kills.wrong == []
    assert kills.aims.total() == KILLS
    assert len(kills.evidence.calls) > OPEN_LEADS
    assert kills.found.total() > KILLS  # the kills fell while calls were under way
