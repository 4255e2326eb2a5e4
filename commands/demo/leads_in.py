"""Posting the leads; a row that is refused costs only itself."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from commands.demo.client import Client, Json
from commands.demo.screen import Meter

BATCH = 20


@dataclass(slots=True)
class Taken:
    """``lead_ids`` are those of the leads that were accepted, each once; ``refused`` are sentences."""

    lead_ids: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)


async def post_leads(api: Client, campaign_id: str, leads: Sequence[Json], meter: Meter) -> Taken:
    """Hand all leads to a campaign, twenty a request."""
    taken = Taken()
    for start in range(0, len(leads), BATCH):
        batch = [{**lead, "campaign_id": campaign_id} for lead in leads[start : start + BATCH]]
        answer = await api.post("/api/v1/leads/batch", {"leads": batch})
        for item in answer["items"]:
            if item["lead"] is not None:
                taken.lead_ids.add(item["lead"]["id"])
            else:
                taken.refused.append(_refusal(start + item["index"], leads, item["problem"]))
        meter.show(min(start + BATCH, len(leads)), "leads handed over")
    return taken


def _refusal(index: int, leads: Sequence[Json], problem: Json) -> str:
    name = leads[index].get("name") or "nameless"
    return f"row {index + 1} ({name}) was refused: {problem['detail']}"
