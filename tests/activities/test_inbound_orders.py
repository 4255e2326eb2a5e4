"""Whatever is reported of a call that came in, and in whatever order: one row comes of it."""

import random
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from activities import inbound
from domain.calls import CallEvent
from storage.models import InboundCallRow
from telephony.payloads import parse_call
from tests.activities.webhooks import HEARD, rings_in
from tests.builders import Sessions, World, add_lead

SEED = 20261128
ORDERS = 60
LINK = "https://recordings.example.com/1.wav"
SAID = [{"role": "user", "content": content} for content in ("Hello", "Who is it?", "Stop calling!")]
WHOLE: dict[str, Any] = {"recording_url": LINK, "transcript_object": SAID, "latency": {"e2e": {"p50": 800}}}
REPORTS: Sequence[tuple[CallEvent, dict[str, Any]]] = [
    (CallEvent.STARTED, rings_in("call_started")),
    (CallEvent.TRANSCRIPT_UPDATED, rings_in("call_started", transcript_object=SAID[:1])),
    (CallEvent.TRANSCRIPT_UPDATED, rings_in("call_started", transcript_object=SAID)),
    (CallEvent.ENDED, rings_in("call_ended", **WHOLE)),
    (CallEvent.ANALYZED, rings_in("call_analyzed", **WHOLE)),
    (CallEvent.LOOKED_UP, rings_in("call_started")),
    (CallEvent.LOOKED_UP, rings_in("call_ended", **WHOLE)),
    (CallEvent.LOOKED_UP, rings_in("call_analyzed", **WHOLE)),
]
"""All that webhooks and look-ups may say of one call."""


def settled_facts(row: InboundCallRow) -> dict[str, Any]:
    by_chance = {"id", "created_at", "call_id"}
    return {name: getattr(row, name) for name in InboundCallRow.__table__.columns.keys() if name not in by_chance}  # noqa: SIM118


async def test_webhooks_and_look_ups_in_any_order_and_number_lead_to_the_very_same_row(
    sessions: Sessions, world: World
) -> None:
    """Every column of it, whatever came first, came twice or came late."""
    lead = await add_lead(sessions, world)
    dice = random.Random(SEED)
    for place in range(ORDERS):
        reports = [*REPORTS, *dice.choices(REPORTS, k=dice.randint(0, 8))]
        dice.shuffle(reports)
        for event, written in reports:
            facts = parse_call(written["call"] | {"call_id": f"call_{place}"}, event)
            async with sessions.begin() as session:
                await inbound.take(session, world.account, facts, now=HEARD)
    async with sessions() as session:
        rows = [settled_facts(row) for row in await session.scalars(select(InboundCallRow))]
    assert len(rows) == ORDERS
    assert all(row == rows[0] for row in rows)
    assert (rows[0]["status"], rows[0]["outcome"], rows[0]["recording_url"]) == ("done", "opted_out", LINK)
    assert (rows[0]["utterances"], rows[0]["lead_id"]) == (SAID, lead.id)
    assert [(flag["phrase"], flag["utterance"]) for flag in rows[0]["flags"]] == [("stop calling", 2)]
