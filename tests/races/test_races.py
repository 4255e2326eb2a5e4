"""No dial leaves whose gate committed after what forbids it; ``python -m tests.races.many`` runs any number."""

import asyncio
import random
from collections.abc import Iterator

import pytest

from runtime.embedded.temporary_postgres import temporary_postgres
from storage.migrate import upgrade
from tests.races.track import Forbidding, Results, race_track

RACES_EACH = 40
SEED = 20261125


@pytest.fixture(scope="module")
def tracking_database() -> Iterator[str]:
    with temporary_postgres({"track_commit_timestamp": "on"}) as server:
        url = server.create_database("races")
        asyncio.run(upgrade(url))
        yield url


async def test_whoever_commits_first_decides_whether_the_phone_rings(tracking_database: str) -> None:
    results, dice = Results(), random.Random(SEED)
    async with race_track(tracking_database) as track:
        for _ in range(RACES_EACH):
            for forbidding in Forbidding:
                await track.race(forbidding, dice, results)
    assert results.wrong == []
    # Races that one side always wins would prove nothing.
    for forbidding in Forbidding:
        assert results.dialled[forbidding] > 0
        assert results.held_back[forbidding] > 0
