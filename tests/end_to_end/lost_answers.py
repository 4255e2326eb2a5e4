"""The provider takes the call and answers 500, or never; afterwards every lead has to come to its end, called once."""

import asyncio
from collections.abc import Mapping

from tests.end_to_end.crowd import CAMPAIGN, RULES, Crowd
from tests.end_to_end.experiment import in_seconds, of_the_calls
from tests.end_to_end.victim import Victim
from tests.end_to_end.witness import Evidence

DIAL = "create-phone-call"
# Not one answer comes through; the last line strikes whatever the others left. Some requests are lost before the call
# is made: only the look-up can tell them from the rest. Late webhooks leave the proof to the look-up, too.
LOST_ANSWERS = (
    {"operation": DIAL, "effect": "silence", "moment": "after", "probability": 0.08},
    {"operation": DIAL, "effect": "silence", "moment": "before", "probability": 0.04},
    {"operation": DIAL, "effect": "error", "status": 500, "moment": "before", "probability": 0.15},
    {"operation": DIAL, "effect": "drop", "moment": "after", "probability": 0.3},
    {"operation": DIAL, "effect": "error", "status": 500, "moment": "after"},
    {"operation": "webhook", "effect": "late", "seconds": 20, "probability": 0.3},
)
TOP_UP_SECONDS = 1.0
DONE_SECONDS = 400.0


class LostAnswers:
    """The worker is its victim by name only: nothing but the provider misbehaves."""

    victim_name = "worker"

    def __init__(self, *, attempts: int, open_leads: int) -> None:
        self.wrong: list[str] = []
        self.evidence = Evidence([], [], 0, {})
        self._wanted = attempts
        self._open_leads = open_leads

    async def run(self, crowd: Crowd, victim: Victim) -> None:
        await crowd.gather(CAMPAIGN)
        await crowd.break_simulator(LOST_ANSWERS)
        await victim.start()
        try:
            while len(await crowd.books.attempts()) < self._wanted:
                await crowd.top_up(self._open_leads)
                await asyncio.sleep(TOP_UP_SECONDS)
            self.wrong += await crowd.hanging(DONE_SECONDS)
            self.wrong += (await crowd.evidence()).violations(RULES)
        finally:
            self.evidence = await crowd.evidence()

    def figures(self) -> Mapping[str, str]:
        settled = [
            (attempt.settled_at - attempt.created_at).total_seconds()
            for attempt in self.evidence.attempts
            if attempt.settled_at is not None
        ]
        faults = ", ".join(f"{count} {name}" for name, count in self.evidence.faults.items())
        return {
            **of_the_calls(self.evidence),
            "faults": faults or "none",
            "settled after the grant": in_seconds(settled),
        }
