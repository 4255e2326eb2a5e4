"""Game day 19 in numbers: ``python -m tests.races.many --races 10000 --seed 1``.

A quarter of the races each against a cancel, a do-not-call, a pause and the kill switch. Prints what was found; the
exit status is 1 when any dial left after it was forbidden.
"""

import argparse
import asyncio
import random
import sys
import time

from runtime.embedded.temporary_postgres import temporary_postgres
from runtime.settings import Settings
from runtime.telemetry import configure_logging
from storage.migrate import upgrade
from tests.races.track import Forbidding, Results, race_track


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.races.many", description=__doc__)
    parser.add_argument("--races", type=int, default=10_000, metavar="N")
    parser.add_argument("--seed", type=int, default=int(time.time()), metavar="N")
    asked = parser.parse_args()
    configure_logging(Settings.model_validate({"LEADLINE_LOG_LEVEL": "ERROR"}))
    began = time.monotonic()
    with temporary_postgres({"track_commit_timestamp": "on"}) as server:
        url = server.create_database("races")
        asyncio.run(upgrade(url))
        results = asyncio.run(_run(url, asked.races, asked.seed))
    for forbidding in Forbidding:
        _say(f"  {forbidding:<12} dialled {results.dialled[forbidding]:,}, held back {results.held_back[forbidding]:,}")
    _say(*(f"  WRONG: {sentence}" for sentence in results.wrong[:50]))
    seconds = time.monotonic() - began
    _say(f"seed {asked.seed}: {results.races:,} races, {len(results.wrong)} wrong, {seconds:.0f} s")
    return 1 if results.wrong else 0


async def _run(database_url: str, races: int, seed: int) -> Results:
    results, dice = Results(), random.Random(seed)
    kinds = list(Forbidding)
    async with race_track(database_url) as track:
        for number in range(races):
            await track.race(kinds[number % len(kinds)], dice, results)
    return results


def _say(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
