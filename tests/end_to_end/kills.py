"""Game days 1, 2 and 6 in numbers: processes killed around the dial, answers lost.

``python -m tests.end_to_end.kills --kills 200 --seed 1`` kills the worker, ``--kill api`` the API, and
``--fault answer-lost`` loses the provider's answers instead. Each run has a stack of its own, which is removed
afterwards. Ctrl-C ends it early and prints what was found until then. Exit status 0 if all was well, 1 if not, 130
after Ctrl-C.
"""

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from pathlib import Path

from runtime.embedded.foreground import run_for
from runtime.exit import leave
from tests.end_to_end.api_kills import ApiKills
from tests.end_to_end.experiment import Experiment, Trial
from tests.end_to_end.lost_answers import LostAnswers
from tests.end_to_end.worker_kills import WorkerKills

OPEN_LEADS = 60
LONGEST_LIFE_SECONDS = 4.0
LONGEST_BURST = 9
INTERRUPTED = 130


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def chosen(asked: argparse.Namespace) -> Experiment:
    dice = random.Random(asked.seed)
    if asked.fault == "answer-lost":
        return LostAnswers(attempts=asked.attempts, open_leads=OPEN_LEADS)
    if asked.kill == "api":
        return ApiKills(kills=asked.kills, dice=dice)
    return WorkerKills(
        bursts=bursts_of(asked.kills, dice),
        dice=dice,
        open_leads=OPEN_LEADS,
        longest_life_seconds=LONGEST_LIFE_SECONDS,
    )


def bursts_of(kills: int, dice: random.Random) -> list[int]:
    """Cut into bursts of one to nine: single kills let things settle, many in a row hit what heals the ones before."""
    bursts: list[int] = []
    while (left := kills - sum(bursts)) > 0:
        bursts.append(min(left, dice.randint(1, LONGEST_BURST)))
    return bursts


async def main(asked: argparse.Namespace) -> int:
    say(f"seed {asked.seed}")
    experiment = chosen(asked)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="leadline-kills-") as folder:
        trial = Trial(experiment, Path(folder) / "home", os.environ, say)
        finished = await run_for(trial.stack, say=say, work=trial.run)
    for name, figure in experiment.figures().items():
        say(f"  {name:<28}{figure}")
    say(f"  {'took':<28}{time.monotonic() - began:.0f} s")
    for sentence in experiment.wrong:
        say(f"  WRONG: {sentence}")
    verdict = "FAILED" if experiment.wrong else "passed" if finished else "interrupted"
    say(f"verdict: {verdict} (seed {asked.seed})")
    return 1 if experiment.wrong else 0 if finished else INTERRUPTED


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.end_to_end.kills", description=__doc__)
    parser.add_argument("--kill", choices=("worker", "api"), default="worker")
    parser.add_argument("--kills", type=int, default=200, metavar="N")
    parser.add_argument("--fault", choices=("answer-lost",), help="kill nothing, break the provider instead")
    parser.add_argument("--attempts", type=int, default=1_000, metavar="N", help="so many with --fault, at least")
    parser.add_argument("--seed", type=int, default=int(time.time()), metavar="N", help="without it, the time of day")
    return parser.parse_args()


if __name__ == "__main__":
    leave(asyncio.run(main(arguments())))
