"""``./leadline tail``: calls as they go on."""

import asyncio
import os
import signal
from collections.abc import Mapping
from contextlib import AbstractContextManager, aclosing, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

from commands.api_access import Api, running_api
from commands.api_errors import ApiRefused
from commands.daily import AsJson, campaign_id_of, given, refused
from commands.output import complain
from commands.tailing.calls import Calls
from commands.tailing.names import CampaignNames
from commands.tailing.stream import NEWS, TIMEOUT, LiveStream
from commands.tailing.telling import Board, JsonLines, Lines, Teller

TICK_SECONDS = 0.25


class Direction(StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"


@dataclass(frozen=True, slots=True)
class Until:
    """``snapshot``: till all that goes on was told; ``seconds``: so long; neither: till somebody ends it."""

    snapshot: bool = False
    seconds: float | None = None


def tail(
    campaign: Annotated[str | None, typer.Option("--campaign", help="A campaign's name or id.")] = None,
    lead: Annotated[str | None, typer.Option("--lead", help="A lead's id.")] = None,
    call: Annotated[str | None, typer.Option("--call", help="The provider's id of a call.")] = None,
    direction: Annotated[Direction | None, typer.Option("--direction", help="Those that go out, or come in.")] = None,
    transcripts: Annotated[
        bool, typer.Option("--transcripts/--no-transcripts", help="What is said, or only what becomes of calls.")
    ] = True,
    once: Annotated[bool, typer.Option("--once", help="Tell what goes on now, and end.")] = False,
    seconds: Annotated[float | None, typer.Option("--for", min=0.1, help="End after so many seconds.")] = None,
    as_json: AsJson = False,
) -> None:
    """Status 0 after Ctrl-C, --once or --for; 1 when one isn't let in, or not any more.

    A connection that breaks is taken up again where it was left.
    """
    try:
        with running_api(os.environ) as api:
            api.ask("GET", "/api/v1/auth/me")  # else whoever has a key would try for ever where nothing runs
            wanted = given(campaign_id=campaign_id_of(api, campaign), lead_id=lead, call_id=call, direction=direction)
            teller, screen = _teller(api, as_json=as_json, transcripts=transcripts)
            with screen:
                asyncio.run(_listen(api, wanted, teller, Until(once, seconds)))
    except ApiRefused as error:
        raise refused(error, as_json=as_json, indent=None) from None
    except (KeyboardInterrupt, asyncio.CancelledError):
        return


def _teller(api: Api, *, as_json: bool, transcripts: bool) -> tuple[Teller, AbstractContextManager[object]]:
    """Who tells it, and the screen that is held meanwhile."""
    if as_json:
        return JsonLines(_write, transcripts=transcripts), nullcontext()
    calls, console = Calls(CampaignNames(api)), Console()
    if not console.is_terminal:
        return Lines(calls, _write, _now, transcripts=transcripts), nullcontext()
    board = Board(calls, console, _now, transcripts=transcripts)
    return board, board.live


async def _listen(api: Api, wanted: Mapping[str, str], teller: Teller, until: Until) -> None:
    """SIGTERM ends it as Ctrl-C does, so that the terminal is left as it was and nobody stays signed in."""
    listening = asyncio.create_task(_listened(api, wanted, teller, until))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, listening.cancel)
    await listening


async def _listened(api: Api, wanted: Mapping[str, str], teller: Teller, until: Until) -> None:
    async with api.elsewhere(TIMEOUT) as http:
        await listen(LiveStream(http, wanted, _lost), teller, until)


async def listen(stream: LiveStream, teller: Teller, until: Until) -> None:
    """Tell what comes until it is enough.

    Raises:
        ApiRefused: the API doesn't let anybody listen, or not any more.
    """
    ticking = asyncio.create_task(_tick(teller))
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(until.seconds), aclosing(stream.events()) as events:
                async for event in events:
                    if event is not NEWS:
                        teller.tell(event)
                        continue
                    teller.told_all()
                    if until.snapshot:
                        return
    finally:
        ticking.cancel()
        teller.tick()


async def _tick(teller: Teller) -> None:
    while True:
        teller.tick()
        await asyncio.sleep(TICK_SECONDS)


def _lost(why: str, pause_seconds: float) -> None:
    complain(f"Not connected, {why}; again in {pause_seconds:.0f} s.")


def _write(line: str) -> None:
    """A reader that went away ends this."""
    print(line, flush=True)


def _now() -> datetime:
    return datetime.now(UTC)
