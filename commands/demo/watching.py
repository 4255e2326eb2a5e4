"""Watching the leads of a campaign until all are done, over HTTP."""

import asyncio
import time
from collections import Counter
from collections.abc import Collection

from commands.demo.client import Client, DemoFailed, Json
from commands.demo.screen import Meter

LOOK_SECONDS = 1.0
REST_SHARE = 5  # reading may take a sixth of the time, however many leads there are
STALL_SECONDS = 240.0  # longer than it takes to look up a call whose end nobody reported


class Stalled(DemoFailed):
    """No lead came to its end for long; the text names those that are open."""


async def watch_leads(
    api: Client,
    campaign_id: str,
    lead_ids: Collection[str],
    meter: Meter,
    *,
    look_seconds: float = LOOK_SECONDS,
    stall_seconds: float = STALL_SECONDS,
) -> list[Json]:
    """All leads of the campaign, once every one of them is done.

    Raises:
        Stalled: Nothing ended for ``stall_seconds``.
    """
    most_done, changed_at = -1, time.monotonic()
    while True:
        began = time.monotonic()
        leads = await _open_leads(api, campaign_id)
        done = len(lead_ids) - len(leads)
        meter.show(done, in_words(list(leads.values())))
        if not leads:
            # A lead that changed its state between the two lists is in neither: only the whole list is proof.
            every = await api.everything("/api/v1/leads", campaign_id=campaign_id)
            if all(lead["status"] == "done" for lead in every):
                return every
        now = time.monotonic()
        if done > most_done:
            most_done, changed_at = done, now
        if now - changed_at > stall_seconds:
            raise Stalled(_stall(list(leads.values()), stall_seconds))
        await asyncio.sleep(max(look_seconds, REST_SHARE * (now - began)))


async def _open_leads(api: Client, campaign_id: str) -> dict[str, Json]:
    leads: dict[str, Json] = {}
    for status in ("in_progress", "new"):
        for lead in await api.everything("/api/v1/leads", campaign_id=campaign_id, status=status):
            leads[lead["id"]] = lead
    return leads


def in_words(open_leads: Collection[Json]) -> str:
    """What the leads that are not done are about."""
    states = Counter(_state(lead) for lead in open_leads)
    return ", ".join(["done", *(f"{states[state]} {state}" for state in _STATES if states[state])])


_STATES = ("in progress", "waiting for their next try", "in the queue")


def _state(lead: Json) -> str:
    if lead["status"] == "in_progress":
        return _STATES[0]
    return _STATES[1] if lead["next_attempt_at"] else _STATES[2]


def _stall(leads: Collection[Json], seconds: float) -> str:
    rows = [
        f"  {lead['name']} {lead['phone_number']} ({lead['id']}): {lead['status']},"
        f" waiting for {lead['waiting_for'] or 'nothing that it says'}"
        for lead in leads
    ]
    return "\n".join([f"No lead came to its end for {seconds:.0f} s; these are open:", *rows])
