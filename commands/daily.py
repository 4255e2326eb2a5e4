"""What the daily commands share: the running API, and its answers as tables or JSON."""

import json
import os
from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from commands.api_access import Api, ApiRefused, Json, running_api
from commands.output import complain, say

Answer = TypeVar("Answer")

AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
AtMost = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="So many at most, the newest first.")]

REFUSED = 1
WHOLE = frozenset({"id", "call_id", "phone_number", "at"})


def asked(work: Callable[[Api], Answer], *, with_status: bool = True) -> Answer:
    """What the running API answers; the command ends with status 1 where it says no or isn't there.

    Args:
        with_status: Whether a refusal is said with the number of its HTTP status.
    """
    try:
        with running_api(os.environ) as api:
            return work(api)
    except ApiRefused as error:
        complain(str(error) if with_status else error.detail)
        raise typer.Exit(REFUSED) from None


def show_list(items: Sequence[Json], columns: Sequence[str], *, as_json: bool, console: Console | None = None) -> None:
    """A table of these fields, or everything as JSON."""
    if as_json:
        say(json.dumps(items, indent=2))
        return
    table = Table()
    for column in columns:
        # What is copied from the screen stays whole; the rest gives way.
        table.add_column(column, no_wrap=column in WHOLE, overflow="fold")
    for item in items:
        table.add_row(*(Text(_written(item.get(column))) for column in columns))
    screen = console or Console()
    screen.print(table if items else "There is nothing to show.")


def show_one(item: Json, *, as_json: bool, console: Console | None = None) -> None:
    """Every field on a line of its own, without those that are empty, or everything as JSON."""
    if as_json:
        say(json.dumps(item, indent=2))
        return
    screen = console or Console()
    for name, value in item.items():
        if value not in (None, [], {}):
            screen.print(Text(f"{name:<20} {_written(value)}"), soft_wrap=True)


def given(**query: str | None) -> dict[str, str]:
    """The parameters of a query that were given."""
    return {name: value for name, value in query.items() if value is not None}


def campaign_id_of(api: Api, campaign: str | None) -> str | None:
    """The id of the campaign with this name or id; none where none was named.

    Raises:
        ApiRefused: there is no such campaign.
    """
    if campaign is None:
        return None
    campaigns = api.everything("/api/v1/campaigns")
    for one in campaigns:
        if campaign in (one["name"], one["id"]):
            return str(one["id"])
    names = ", ".join(repr(one["name"]) for one in campaigns[:20]) or "none yet"
    raise ApiRefused(f"There is no campaign {campaign!r}. There are: {names}")


def _written(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
