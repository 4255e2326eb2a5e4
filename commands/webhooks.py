"""``./leadline webhooks``: what the provider reported, once more."""

import asyncio
import dataclasses
import json
import os
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from sqlalchemy.exc import SQLAlchemyError

from activities.lead_workflows import LeadWorkflows
from activities.replaying import Replay, Replayed, Result
from commands.api_errors import ApiRefused
from commands.daily import refused
from commands.output import complain, say
from commands.running_stack import with_running_stack
from commands.way_in import settings_of
from runtime.database import create_engine, session_factory
from runtime.settings import Settings
from runtime.telemetry import configure_logging
from runtime.temporal_client import connect
from storage.stored_events import Wanted

webhooks = typer.Typer(help="What the provider reported, once more.", no_args_is_help=True)

_AGO = re.compile(r"(\d{1,6})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


@webhooks.callback()
def group() -> None:
    """What the provider reported, once more."""


@webhooks.command(help="Apply stored events anew, as when they came; safe to repeat.")
def replay(
    call: Annotated[str | None, typer.Option("--call", help="Those of this call, by the provider's id.")] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Those that came since: 90m, 6h, 2d, or an instant in ISO 8601 (UTC).")
    ] = None,
    unmatched: Annotated[
        bool, typer.Option("--unmatched", help="Those of calls that no attempt was known for.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Status 0 when all were applied, also where nothing changed; 1 when that wasn't possible; 2 for a wrong option."""
    if call is None and since is None and not unmatched:
        complain("Say which events: --call ID, --since 2h, or --unmatched.")
        raise typer.Exit(2)
    wanted = Wanted(call_id=call, since=None if since is None else _instant(since), unmatched=unmatched)
    try:
        settings = settings_of(with_running_stack(os.environ))
        configure_logging(settings.model_copy(update={"log_level": "ERROR"}))
        replayed = asyncio.run(_replay(settings, wanted, dry_run=dry_run))
    except ApiRefused as error:
        raise refused(error, as_json=as_json) from None
    except (SQLAlchemyError, OSError) as error:
        away = f"The database doesn't answer ({type(error).__name__}); is Leadline running, or DATABASE_URL right?"
        raise refused(ApiRefused(away), as_json=as_json) from None
    say(json.dumps(_report(replayed, dry_run=dry_run), indent=2) if as_json else sentence(replayed, dry_run=dry_run))


async def _replay(settings: Settings, wanted: Wanted, *, dry_run: bool) -> list[Replayed]:
    engine = create_engine(settings, application="leadline-replay", pool_size=2)
    try:
        workflows = LeadWorkflows(await connect(settings, lazy=True), settings.task_queue)
        replay = Replay(session_factory(engine), workflows, lambda: datetime.now(UTC))
        return [one async for one in replay.run(wanted, dry_run=dry_run)]
    finally:
        await engine.dispose()


def sentence(replayed: list[Replayed], *, dry_run: bool) -> str:
    """The report for people: what changed, event by event, and how many of each result there were."""
    lines = [
        f"  {one.kind:<18} {one.call_id or '-':<32} {', '.join(one.changes)}"
        for one in replayed
        if one.result is Result.CHANGED
    ]
    counts = Counter(one.result for one in replayed)
    told = ", ".join(f"{counts[result]} {result.replace('_', ' ')}" for result in Result if counts[result])
    events = f"{len(replayed)} event{'' if len(replayed) == 1 else 's'}"
    done = f"{events} {'would be ' if dry_run else ''}applied: {told}." if replayed else "There are no such events."
    return "\n".join([*lines, done, *_of_those_gone(counts[Result.GONE])])


def _of_those_gone(number: int) -> list[str]:
    if not number:
        return []
    of_whom = "one of them" if number == 1 else f"{number} of them"
    how_long = "LEADLINE_WEBHOOK_RETENTION_DAYS (90 unless it says otherwise), and of erased people not at all"
    return [f"Nothing could be applied of {of_whom}: what was reported is kept for {how_long}."]


def _report(replayed: list[Replayed], *, dry_run: bool) -> dict[str, Any]:
    counts = Counter(one.result for one in replayed)
    events = [{name: _plain(value) for name, value in dataclasses.asdict(one).items()} for one in replayed]
    return {"dry_run": dry_run, "counts": {result.value: counts[result] for result in Result}, "events": events}


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, list | tuple) else str(value)


def _instant(written: str) -> datetime:
    ago = _AGO.fullmatch(written.strip())
    try:
        if ago is not None:
            return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        instant = datetime.fromisoformat(written.strip())
    except (ValueError, OverflowError):
        complain(f"--since can't be {written[:40]!r}: give 90m, 6h, 2d, or an instant such as 2026-11-26T08:00Z.")
        raise typer.Exit(2) from None
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)
