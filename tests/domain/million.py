"""The whole comparison: ``python -m tests.domain.million`` asks about 1,000,000 pairs of zones and instants.

Every zone of the IANA database, two years with all their clock changes, every rule. Prints the seed, the pairs, every
disagreement and the time; the exit status is 1 when there is one.
"""

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.domain.law_comparison import disagreements, rule_disagreements
from tests.domain.law_oracle import every_zone


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=20261123)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    started = time.monotonic()
    found = [f"other rows are chosen for {scenario}" for scenario in rule_disagreements()]
    found += _compare(options.pairs, options.seed, options.processes)
    _say(*found[:50])
    seconds = time.monotonic() - started
    _say(f"seed {options.seed}: {options.pairs:,} pairs, {len(found):,} disagreements, {seconds:.0f} s")
    return 1 if found else 0


def _compare(pairs: int, seed: int, processes: int) -> list[str]:
    zones = every_zone()
    shares = [pairs // len(zones) + (number < pairs % len(zones)) for number in range(len(zones))]
    with ProcessPoolExecutor(processes) as pool:
        results = pool.map(partial(_of_zone, seed=seed), zones, shares, chunksize=4)
        return [line for lines in results for line in lines]


def _of_zone(zone: str, pairs: int, *, seed: int) -> list[str]:
    return list(disagreements(zone, pairs, seed))


def _say(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
