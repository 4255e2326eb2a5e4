"""The campaign that is steered, with everybody who waits in it."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from benchmarks.errors import BenchmarkFailed
from benchmarks.steering.crowd import made_up_crowd
from benchmarks.steering.scale import BATCH
from benchmarks.steering.scene import Scene
from benchmarks.steering.times import IsRight, is_due, until_all_right, waits_for
from commands.demo.campaigns import EVERY_DAY
from commands.demo.client import Json

LOOK_SECONDS = 0.5
PATIENCE_SECONDS = 120.0  # and a twentieth of a second for each lead

OPEN: Json = {"windows": [{"days": EVERY_DAY, "opens": "00:00", "closes": "24:00"}]}

TERMS: Json = {
    **OPEN,
    "name": "Steered",
    "calling_rules": "off",  # all numbers are reserved for fiction
    "duplicate_numbers": "allow",
    "max_attempts": 1,
    "max_call_seconds": 60,
}


@dataclass(frozen=True, slots=True)
class Campaign:
    scene: Scene
    id: str
    far_day: int
    """A day of the week (0 is Monday) that it isn't, and won't be soon, anywhere."""

    @classmethod
    async def drafted(cls, scene: Scene) -> Self:
        made = await scene.api.post("/api/v1/campaigns", {**TERMS, "number_pool_id": scene.pool_id})
        return cls(scene, str(made["id"]), (datetime.now(UTC) + timedelta(days=3)).weekday())

    async def fill(self, leads: int) -> None:
        """Bring the leads in and wait until each has asked what to do, and was told that the campaign is a draft.

        Raises:
            BenchmarkFailed: A lead was refused, or the engine doesn't get through them.
        """
        every = [{**lead, "campaign_id": self.id} for lead in made_up_crowd(leads)]
        for start in range(0, leads, BATCH):
            answer = await self.scene.api.post("/api/v1/leads/batch", {"leads": every[start : start + BATCH]})
            refusals = [item["problem"] for item in answer["items"] if item["lead"] is None]
            if refusals:
                raise BenchmarkFailed(f"{len(refusals)} leads were refused: {refusals[0]['detail']}")
        deadline = time.monotonic() + PATIENCE_SECONDS + leads / 20
        while undecided := await self.scene.books.undecided(self.id):
            if time.monotonic() > deadline:
                raise BenchmarkFailed(f"{undecided} of {leads} leads haven't asked what to do yet.")
            await asyncio.sleep(LOOK_SECONDS)

    async def tell(self, action: str) -> None:
        await self.scene.api.post(f"/api/v1/campaigns/{self.id}/{action}")

    async def close(self) -> None:
        """Edit the windows: it is open on one far day only."""
        hours = {"days": [EVERY_DAY[self.far_day]], "opens": "09:00", "closes": "17:00"}
        await self.scene.api.patch(f"/api/v1/campaigns/{self.id}", {"windows": [hours]})

    async def reopen(self) -> None:
        await self.scene.api.patch(f"/api/v1/campaigns/{self.id}", OPEN)

    async def seconds_until_closed(self) -> float:
        """How long it takes from now on until all leads wait for the far day."""
        return await self._seconds_until(waits_for(self.far_day, 9, 17))

    async def seconds_until_open(self) -> float:
        """How long it takes from now on until all leads wait for nothing but a slot."""
        return await self._seconds_until(is_due)

    async def seconds_of_reading(self) -> float:
        """How long it takes to read all leads, whatever they wait for."""
        return await self._seconds_until(lambda _: True)

    async def some_leads(self, count: int) -> list[str]:
        """The ids of so many leads that wait."""
        ids: list[str] = []
        async for leads in self.scene.api.pages("/api/v1/leads", campaign_id=self.id, status="new"):
            ids += [str(lead["id"]) for lead in leads]
            if len(ids) >= count:
                break
        return ids[:count]

    async def _seconds_until(self, is_right: IsRight) -> float:
        began = time.monotonic()
        await until_all_right(self.scene.api, self.id, is_right)
        return time.monotonic() - began
