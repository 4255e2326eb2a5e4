"""Calls as they go on."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent

from api.campaign_filter import must_exist
from api.dependencies import BearerToken, Deps
from api.live_listener import Listener
from api.live_stream import Start, start_of, stream
from api.problem_answers import may_answer
from api.schemas.live import LiveEvent
from storage.live_calls import Interest

router = APIRouter(prefix="/api/v1/calls", tags=["calls"])

CALL_ID = r"^[A-Za-z0-9_.:-]{1,128}$"
LONGEST_EVENT_ID = 4_096

EventId = Annotated[str | None, Query(max_length=LONGEST_EVENT_ID)]


@dataclass(frozen=True, slots=True)
class Listening:
    listener: Listener
    start: Start


async def begin_to_listen(
    deps: Deps,
    token: BearerToken,
    campaign_id: UUID | None = None,
    lead_id: UUID | None = None,
    call_id: Annotated[str | None, Query(pattern=CALL_ID)] = None,
    direction: Annotated[
        Literal["inbound", "outbound"] | None, Query(description="`outbound` for attempts alone")
    ] = None,
    last_event_id: Annotated[EventId, Query(description="As `Last-Event-ID`, where no header can be set")] = None,
    last_event_id_header: Annotated[str | None, Header(alias="Last-Event-ID", max_length=LONGEST_EVENT_ID)] = None,
) -> AsyncIterator[Listening]:
    """All that can be refused is refused here, before the answer begins. No session is kept while somebody listens.

    It isn't counted among the requests: a client that comes back after each break must not run out of them.
    """
    identity = await deps.identification.identify(token)
    async with deps.sessions_of(identity.principal.organization_id)() as session:
        await must_exist(session, identity.principal.organization_id, campaign_id)
    interest = Interest(
        organization_id=identity.principal.organization_id,
        campaign_id=campaign_id,
        lead_id=lead_id,
        call_id=call_id,
        direction=direction,
    )
    listener = await deps.live.join(interest, identity.credential)
    try:
        sessions = deps.sessions_of(interest.organization_id)
        yield Listening(listener, await start_of(sessions, interest, last_event_id_header or last_event_id))
    finally:
        deps.live.leave(listener)


@router.get(
    "/live",
    response_class=EventSourceResponse,
    summary="Listen to calls as they go on",
    responses={200: {"description": "Each event's `data` is one of these", "model": LiveEvent}, **may_answer(404)},
)
async def get_live(
    listening: Annotated[Listening, Depends(begin_to_listen)], deps: Deps
) -> AsyncIterator[ServerSentEvent]:
    """Server-Sent Events of the calls of your organisation: first those that are live now, then what changes.

    Send `Last-Event-ID` (or `last_event_id`) with the id you heard last to get what you missed, for at least ten
    minutes after it. Every 15 seconds there is a comment, so that a silent stream is a dead one. The stream ends with
    your token, when the process stops, and when you don't take what waits for you: then begin again with the last id.
    """
    sessions = deps.sessions_of(listening.listener.interest.organization_id)
    async for event in stream(sessions, listening.listener, listening.start):
        yield event
