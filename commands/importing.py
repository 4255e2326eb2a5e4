"""``./leadline import``: a file of leads into a campaign, watched until all of it is taken in."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer
from rich.console import Console

from commands.api_access import UPLOAD_SECONDS, Api, Json, running_api
from commands.api_errors import ApiAway, ApiRefused
from commands.daily import campaign_id_of, refused
from commands.demo.screen import Meter, Screen
from commands.output import complain, say

LOOK_SECONDS = 1.0
MOST_LOOKS_IN_VAIN = 60
MOST_SHOWN = 5

ALL_IN, NOTHING, SOME_REJECTED, INTERRUPTED = 0, 1, 3, 130
OVER = ("done", "failed", "cancelled")


def import_leads(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="CSV or NDJSON.")],
    campaign: Annotated[str, typer.Option("--campaign", help="The campaign's name or id.")],
    mapping: Annotated[
        str | None, typer.Option("--mapping", help='What columns are, such as {"Tel.": "phone_number"}.')
    ] = None,
    rejected: Annotated[
        Path | None, typer.Option("--rejected", help="Where rejected rows go; else FILE.rejected.csv.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs; progress goes to stderr.")] = False,
) -> None:
    """Status 0: every row is in the campaign; 3: some were rejected; 2: wrong usage.

    1: none is in, or the import failed or was cancelled.
    """
    screen = Screen(Console(stderr=as_json))
    try:
        with running_api(os.environ) as api:
            campaign_id = campaign_id_of(api, campaign)
            done = import_file(api, file, str(campaign_id), mapping, screen)
            target = rejected or file.with_name(f"{file.name.removesuffix('.csv')}.rejected.csv")
            if done["rows_rejected"]:
                api.download(f"/api/v1/imports/{done['id']}/rejected", target)
    except ApiRefused as error:
        raise refused(error, as_json=as_json) from None
    except KeyboardInterrupt:
        complain("Once it was sent, the file is taken in all the same; GET /api/v1/imports shows how far it is.")
        raise typer.Exit(INTERRUPTED) from None
    tell(done, target, screen)
    if as_json:
        say(json.dumps(done | {"rejected_file": str(target) if done["rows_rejected"] else None}, indent=2))
    raise typer.Exit(status_of(done))


def import_file(
    api: Api,
    file: Path,
    campaign_id: str,
    mapping: str | None,
    screen: Screen,
    wait: Callable[[float], None] = time.sleep,
) -> Json:
    """Send the file and watch until it is taken in; the import as it is then."""
    screen.say(f"Sending {file.name} ({file.stat().st_size:,} bytes)")
    fields = {"campaign_id": campaign_id, **({} if mapping is None else {"mapping": mapping})}
    with file.open("rb") as content:
        taken = api.ask(
            "POST",
            "/api/v1/leads/import",
            files={"file": (file.name, content)},
            data=fields,
            headers={"Idempotency-Key": str(uuid4())},
            timeout=UPLOAD_SECONDS,
        )
    with screen.meter(max(1, taken["bytes_total"])) as meter:
        while taken["status"] not in OVER:
            _show(meter, taken)
            wait(LOOK_SECONDS)
            taken = _looked(api, f"/api/v1/imports/{taken['id']}", wait)
        _show(meter, taken)
    return taken


def _looked(api: Api, path: str, wait: Callable[[float], None]) -> Json:
    """The import as it is now; an API that is away for a minute was perhaps started anew, and nothing is lost."""
    for _ in range(MOST_LOOKS_IN_VAIN):
        try:
            return api.ask("GET", path)
        except ApiAway:
            wait(LOOK_SECONDS)
    return api.ask("GET", path)


def tell(done: Json, target: Path, screen: Screen) -> None:
    """What became of the file, for people."""
    accepted, duplicate, rejected = (done[f"rows_{kind}"] for kind in ("accepted", "duplicate", "rejected"))
    screen.say(f"{accepted:,} leads accepted, {duplicate:,} were there already, {rejected:,} rows rejected")
    if done["problem"]:
        screen.say(done["problem"])
    if done["status"] == "cancelled":
        screen.say("The import was cancelled; nothing more of the file is taken in.")
    for row in done["rejected"][:MOST_SHOWN]:
        screen.say(f"  row {row['row']}: {row['reason']}")
    if rejected:
        screen.say(f"All rejected rows with their reasons: {target}")


def status_of(done: Json) -> int:
    """The command's exit status."""
    is_in = done["rows_accepted"] + done["rows_duplicate"]
    if done["status"] != "done" or not is_in:
        return NOTHING
    return SOME_REJECTED if done["rows_rejected"] else ALL_IN


def _show(meter: Meter, taken: Json) -> None:
    accepted, rejected = taken["rows_accepted"], taken["rows_rejected"]
    meter.show(taken["bytes_read"], f"bytes taken in, {accepted:,} leads accepted, {rejected:,} rows rejected")
