"""How what happens is told: a line an event for pipes and programs, a table of the calls for a terminal."""

import json
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from commands.output import complain, one_line
from commands.tailing.calls import Call, Calls, Happening

Json = Mapping[str, Any]
Clock = Callable[[], datetime]

WORDS = ("utterances", "utterances_from", "is_cut")
MOST_HAPPENINGS = 8
OTHER_LINES = 6
"""Of the table and what stands around it."""

COLUMNS = ("Campaign", "Number", "State", "For", "Last said", "Flags")


class Teller(Protocol):
    def tell(self, event: Json) -> None: ...

    def told_all(self) -> None:
        """All that goes on was told; from now on what changes."""

    def tick(self) -> None:
        """Time has gone by."""


class JsonLines:
    """Each event as the API tells it, on a line of its own."""

    def __init__(self, write: Callable[[str], None], *, transcripts: bool) -> None:
        self._write = write
        self._transcripts = transcripts

    def tell(self, event: Json) -> None:
        if not self._transcripts:
            if event.get("type") == "transcript":
                return
            event = {name: value for name, value in event.items() if name not in WORDS}
        self._write(json.dumps(event))

    def told_all(self) -> None:
        """Programs know it by what comes."""

    def tick(self) -> None:
        """Nothing to add."""


class Lines:
    """A line for each event that says something new."""

    def __init__(self, calls: Calls, write: Callable[[str], None], clock: Clock, *, transcripts: bool) -> None:
        self._calls = calls
        self._write = write
        self._clock = clock
        self._transcripts = transcripts

    def tell(self, event: Json) -> None:
        happening = self._calls.hear(event)
        if happening is not None and (self._transcripts or not happening.is_speech):
            self._write(line_of(happening, self._clock()))

    def told_all(self) -> None:
        complain(f"{_counted(self._calls)}.")

    def tick(self) -> None:
        """Nothing to add."""


class Board:
    """Drawn anew with each event and each tick, while ``live`` is entered."""

    def __init__(self, calls: Calls, console: Console, clock: Clock, *, transcripts: bool) -> None:
        self._calls = calls
        self._console = console
        self._clock = clock
        self._transcripts = transcripts
        self._happened: deque[str] = deque(maxlen=MOST_HAPPENINGS)
        # What goes wrong is said above the table, unless it goes elsewhere anyway.
        is_shown = sys.stderr.isatty()
        self.live = Live(console=console, auto_refresh=False, get_renderable=self._drawn, redirect_stderr=is_shown)

    def tell(self, event: Json) -> None:
        happening = self._calls.hear(event)
        if happening is not None and not happening.is_speech:
            self._happened.append(line_of(happening, self._clock()))

    def told_all(self) -> None:
        """It is on the screen."""

    def tick(self) -> None:
        self.live.refresh()

    def _drawn(self) -> RenderableType:
        going_on = self._calls.going_on
        room = max(self._console.height - OTHER_LINES - len(self._happened), 1)
        more = len(going_on) - room
        rest = [Text(f"… and {more} more")] if more > 0 else []
        happened = [Text(one, overflow="ellipsis", no_wrap=True, style="dim") for one in self._happened]
        return Group(
            Text(f"{_counted(self._calls)}; Ctrl-C ends this", style="bold"),
            self._table(going_on[:room]),
            *rest,
            *happened,
        )

    def _table(self, calls: Sequence[Call]) -> Table:
        columns = COLUMNS if self._transcripts else [name for name in COLUMNS if name != "Last said"]
        table = Table(expand=True)
        for column in columns:
            table.add_column(column, no_wrap=True, overflow="ellipsis", ratio=3 if column == "Last said" else None)
        for call in calls:
            cells = dict(zip(COLUMNS, self._cells(call), strict=True))
            table.add_row(*(cells[column] for column in columns))
        return table

    def _cells(self, call: Call) -> Sequence[Text]:
        flags = Text(one_line(", ".join(call.flags)), style="red")
        texts = (call.campaign, call.number, call.state, _clocked(call.lasts(self._clock())), call.last_said)
        return [*(Text(one_line(text)) for text in texts), flags]


def line_of(happening: Happening, now: datetime) -> str:
    """One line in plain text, whatever was said."""
    call = happening.call
    lasts = _clocked(call.lasts(now))
    where = f"{now.astimezone(UTC):%H:%M:%SZ}  {call.campaign}  {call.number}"
    return one_line(f"{where}  {happening.what}{f'  ({lasts})' if lasts else ''}")


def _counted(calls: Calls) -> str:
    count = len(calls.going_on)
    return "No call is going on" if count == 0 else f"{count} call{'' if count == 1 else 's'} going on"


def _clocked(lasts: timedelta | None) -> str:
    if lasts is None:
        return ""
    minutes, seconds = divmod(int(lasts.total_seconds()), 60)
    return f"{minutes}:{seconds:02}"
