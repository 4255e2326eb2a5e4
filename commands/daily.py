"""What the daily commands share: the running API, and its answers as tables or JSON."""

import json
import os
from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from commands.api_access import Api, Json, running_api
from commands.api_errors import ApiRefused
from commands.output import complain, harmless, one_line, say

Answer = TypeVar("Answer")

AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
AtMost = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="So many at most, the newest first.")]

REFUSED = 1
FIELD_WIDTH = 21
PIPE_WIDTH = 10_000
WHOLE = frozenset({"id", "call_id", "phone_number", "at"})


def asked(work: Callable[[Api], Answer], *, as_json: bool) -> Answer:
    """What the running API answers; the command ends with status 1 where it says no or isn't there."""
    try:
        with running_api(os.environ) as api:
            return work(api)
    except ApiRefused as error:
        raise refused(error, as_json=as_json) from None


def ask_and_show(work: Callable[[Api], Json], *, as_json: bool) -> None:
    """The one thing that the running API answers."""
    show_one(asked(work, as_json=as_json), as_json=as_json)


def refused(error: ApiRefused, *, as_json: bool, indent: int | None = 2) -> typer.Exit:
    """Say why, for programs on standard output too; what is to be raised ends the command with status 1.

    ``indent`` of none: on one line.
    """
    complain(str(error))
    if as_json:
        say(json.dumps(error.as_json(), indent=indent))
    return typer.Exit(REFUSED)


def show_list(items: Sequence[Json], columns: Sequence[str], *, as_json: bool, console: Console | None = None) -> None:
    """A table of these fields, where they don't fit beside each other a block for each item; or everything as JSON."""
    if as_json:
        say(json.dumps(items, indent=2))
        return
    screen = console or wide_screen()
    table = Table()
    for column in columns:
        # What is copied from the screen stays whole; the rest gives way.
        table.add_column(column.replace("_", " "), no_wrap=column in WHOLE, overflow="fold")
    for item in items:
        table.add_row(*(Text(one_line(_written(item.get(column)))) for column in columns))
    if not items:
        screen.print("There is nothing to show.")
    elif Measurement.get(screen, screen.options.update(max_width=PIPE_WIDTH), table).minimum <= screen.width:
        screen.print(table)
    else:
        for item in items:
            show_one({column: item.get(column) for column in columns}, as_json=False, console=screen)
            screen.print()


def wide_screen() -> Console:
    """The terminal; a pipe has no width, and whoever looks for a line in it wants it whole."""
    console = Console()
    return console if console.is_terminal else Console(width=PIPE_WIDTH)


def show_one(item: Json, *, as_json: bool, console: Console | None = None) -> None:
    """Every field on a line of its own, without those that are empty, or everything as JSON."""
    if as_json:
        say(json.dumps(item, indent=2))
        return
    screen = console or Console()
    for name, value in item.items():
        if value not in (None, [], {}):
            # Further lines stand below the first, so that none of them looks like a field.
            written = harmless(_written(value)).replace("\n", "\n" + " " * FIELD_WIDTH)
            screen.print(Text(f"{name:<{FIELD_WIDTH - 1}} {written}"), soft_wrap=True)


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
