"""The worker killed with SIGKILL again and again, around the dial; afterwards every lead has to come to its end."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum

from tests.end_to_end.crowd import CAMPAIGN, RULES, Crowd
from tests.end_to_end.experiment import in_seconds, of_the_calls, percentile
from tests.end_to_end.victim import Victim
from tests.end_to_end.witness import Attempt, Evidence, attempt_of

# Answers late, requests late: a kill finds some calls asked for and not made, others made and not written down. One
# request in thirty arrives when its attempt has long been looked up, and has to be recognised by its key.
SLOW_DIALS = (
    {"operation": "create-phone-call", "effect": "slow", "seconds": 14, "moment": "before", "probability": 0.03},
    {"operation": "create-phone-call", "effect": "slow", "seconds": 1.2, "moment": "after", "probability": 0.5},
    {"operation": "create-phone-call", "effect": "slow", "seconds": 1.5, "moment": "before", "probability": 0.5},
)
LOOK_SECONDS = 0.005
AIM_SECONDS = 3.0
LONGEST_DELAY_SECONDS = 0.03
DONE_SECONDS = 300.0
SETTLED_GOAL_SECONDS = 90.0
SETTLING_LOOK_SECONDS = 1.0
LONGEST_CALL_MS = 600_000


class Aim(StrEnum):
    """What a kill waits for, to fall right after it."""

    ANYTHING = "at any moment"
    GATE = "after a gate let a dial out"
    PROVIDER = "after a call was taken"


class WorkerKills:
    victim_name = "worker"

    def __init__(
        self, *, bursts: Sequence[int], dice: random.Random, open_leads: int, longest_life_seconds: float
    ) -> None:
        """
        Args:
            bursts: How many kills follow each other, before the worker is left alone until all that the last of them
                found under way has settled.
            longest_life_seconds: Each worker lives at most so long after it was ready, and then until the kill's
                moment comes.
        """
        self.wrong: list[str] = []
        self._bursts = bursts
        self._dice = dice
        self._open_leads = open_leads
        self._longest_life_seconds = longest_life_seconds
        self.aims: Counter[Aim] = Counter()
        self.found: Counter[str] = Counter()
        self.evidence = Evidence([], [], 0, {})
        self.settled_seconds: list[float] = []

    async def run(self, crowd: Crowd, victim: Victim) -> None:
        await crowd.gather(CAMPAIGN)
        await crowd.break_simulator(SLOW_DIALS)
        await victim.start()
        try:
            for number, burst in enumerate(self._bursts, start=1):
                await self._kill_in_a_burst(crowd, victim, burst, is_last=number == len(self._bursts))
            self.wrong += await crowd.hanging(DONE_SECONDS)
            self.wrong += (await crowd.evidence()).violations(RULES)
        finally:
            self.evidence = await crowd.evidence()
            if percentile(self.settled_seconds, 99) > SETTLED_GOAL_SECONDS:
                self.wrong.append(f"the p99 of settling is over {SETTLED_GOAL_SECONDS:.0f} s")

    async def _kill_in_a_burst(self, crowd: Crowd, worker: Victim, burst: int, *, is_last: bool) -> None:
        under_way: set[str] = set()
        restarted_at = datetime.now(UTC)
        for _ in range(burst):
            await self._kill_once(crowd, worker)
            under_way = await self._note_under_way(crowd)
            restarted_at = datetime.now(UTC)
            await worker.start()
        # Calls go on between two bursts; after the last one the crowd may come to its end.
        settled = await self._settled(crowd, under_way, open_leads=0 if is_last else self._open_leads)
        self.settled_seconds += [(at - restarted_at).total_seconds() for at in settled]

    async def _kill_once(self, crowd: Crowd, worker: Victim) -> None:
        await crowd.top_up(self._open_leads)
        await asyncio.sleep(self._dice.uniform(0, self._longest_life_seconds))
        aim = self._dice.choice(list(Aim))
        await _moment_of(aim, crowd)
        await asyncio.sleep(self._dice.uniform(0, LONGEST_DELAY_SECONDS))
        await worker.kill()
        self.aims[aim] += 1

    async def _note_under_way(self, crowd: Crowd) -> set[str]:
        recent = await crowd.calls(since_ms=int(time.time() * 1000) - LONGEST_CALL_MS)
        taken = {attempt_of(call) for call in recent}
        under_way = [attempt for attempt in await crowd.books.attempts() if attempt.status != "done"]
        self.found.update(_state(attempt, is_taken=attempt.attempt_id in taken) for attempt in under_way)
        return {attempt.attempt_id for attempt in under_way}

    async def _settled(self, crowd: Crowd, attempt_ids: Collection[str], *, open_leads: int) -> list[datetime]:
        """When these attempts were settled, once all are; those that never are have their sentence in ``wrong``."""
        deadline = time.monotonic() + DONE_SECONDS
        while True:
            await crowd.top_up(open_leads)
            attempts = [attempt for attempt in await crowd.books.attempts() if attempt.attempt_id in attempt_ids]
            instants = [attempt.settled_at for attempt in attempts if attempt.settled_at is not None]
            if len(instants) == len(attempt_ids):
                return instants
            if time.monotonic() > deadline:
                self.wrong.append(
                    f"{len(attempt_ids) - len(instants)} attempts were not settled in {DONE_SECONDS:.0f} s"
                )
                return instants
            await asyncio.sleep(SETTLING_LOOK_SECONDS)

    def figures(self) -> Mapping[str, str]:
        return {
            "kills": f"{self.aims.total()} ({_in_words(self.aims)})",
            "found under way": f"{self.found.total()} ({_in_words(self.found)})",
            **of_the_calls(self.evidence),
            "settled after the restart": f"{len(self.settled_seconds)}, {in_seconds(self.settled_seconds)}",
        }


async def _moment_of(aim: Aim, crowd: Crowd) -> None:
    """Wait for it; a moment that doesn't come within three seconds is done without."""
    began_ms = int(time.time() * 1000)
    last_gate = await crowd.books.last_gate_passed()

    async def gate_passed() -> bool:
        return await crowd.books.last_gate_passed() != last_gate

    async def call_taken() -> bool:
        return bool(await crowd.calls(began_ms))

    signs: Mapping[Aim, Callable[[], Awaitable[bool]]] = {Aim.GATE: gate_passed, Aim.PROVIDER: call_taken}
    if aim in signs:
        await _until(signs[aim])


async def _until(sign: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + AIM_SECONDS
    while not await sign():
        if time.monotonic() > deadline:
            return
        await asyncio.sleep(LOOK_SECONDS)


def _state(attempt: Attempt, *, is_taken: bool) -> str:
    if attempt.status == "granted" or attempt.call_id is not None:
        return attempt.status
    return f"{attempt.status} and {'taken' if is_taken else 'not taken'} by the provider"


def _in_words(counted: Counter[Aim] | Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counted.most_common()) or "none"
