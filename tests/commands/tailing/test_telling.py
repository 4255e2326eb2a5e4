"""Lines for pipes and programs, a table for terminals; nothing that was said steers any of them."""

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from commands.tailing.calls import Calls
from commands.tailing.telling import Board, JsonLines, Lines
from tests.commands.tailing.test_calls import FLAG, told

Json = dict[str, Any]

NOW = datetime(2026, 3, 2, 18, 1, 30, tzinfo=UTC)
HOSTILE = "\x1b]0;owned\x07\x1b[2J [bold red]sale[/]\r\n18:00:00Z  Spring\x9b1m \u202egnp.exe"


def clock() -> datetime:
    return NOW


@pytest.fixture
def calls() -> Calls:
    return Calls(lambda campaign_id: f"Spring [i]{campaign_id}[/i]")


def test_a_pipe_gets_a_line_for_each_thing_that_happens(calls: Calls) -> None:
    lines: list[str] = []
    teller = Lines(calls, lines.append, clock, transcripts=True)
    for event in (told(status="dialling", started_at=None), told(), told(), told("transcript", utterances=["Hello"])):
        teller.tell(event)
    where = "18:01:30Z Spring [i]c1[/i] → +14155550199"
    assert lines == [f"{where} dialling", f"{where} in progress (1:30)", f"{where} person: Hello (1:30)"]


@pytest.mark.parametrize(("transcripts", "words"), [(True, 1), (False, 0)])
def test_what_is_said_is_left_out_on_demand(calls: Calls, *, transcripts: bool, words: int) -> None:
    for_people: list[str] = []
    for_programs: list[str] = []
    tellers = (
        Lines(calls, for_people.append, clock, transcripts=transcripts),
        JsonLines(for_programs.append, transcripts=transcripts),
    )
    for teller in tellers:
        teller.tell(told(snapshot=True, utterances=["Secret"]))
        teller.tell(told("transcript", utterances=["Secret"]))
    assert sum("Secret" in line for line in for_people) == words
    assert sum("Secret" in line for line in for_programs) == 2 * words


def test_programs_get_the_event_as_the_api_tells_it(calls: Calls) -> None:
    lines: list[str] = []
    event = told("transcript", utterances=[HOSTILE]) | {"later": 1}
    JsonLines(lines.append, transcripts=True).tell(event)
    assert json.loads(lines[0]) == event
    assert lines[0].isascii()
    assert lines[0].isprintable()


def test_what_was_said_is_one_line_without_anything_that_steers(calls: Calls) -> None:
    lines: list[str] = []
    Lines(calls, lines.append, clock, transcripts=True).tell(told("transcript", utterances=[HOSTILE]))
    assert "[bold red]sale[/] 18:00:00Z Spring" in lines[0]
    assert lines[0].isprintable()


def test_a_terminal_shows_the_calls_what_was_said_last_and_what_happened(calls: Calls) -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, color_system=None, width=160, height=30)
    board = Board(calls, console, clock, transcripts=True)
    with board.live:
        board.tell(told("transcript", utterances=[HOSTILE], flags=[FLAG]))
        board.tell(told("flag", id="a2", flags=[FLAG]) | {"flag": FLAG})
        board.tick()
    drawn = screen.getvalue()
    for shown in ("2 calls going on", "[bold red]sale[/]", "1:30", "stop calling", "Spring [i]c1[/i]"):
        assert shown in drawn
    assert "\x1b]0" not in drawn
    assert "\u202e" not in drawn
    assert "\x1b[2J" not in drawn


def test_more_calls_than_fit_are_counted(calls: Calls) -> None:
    screen = io.StringIO()
    board = Board(calls, Console(file=screen, width=120, height=20), clock, transcripts=False)
    for number in range(30):
        board.tell(told(id=f"a{number}"))
    with board.live:
        board.tick()
    assert "30 calls going on" in screen.getvalue()
    assert "… and 24 more" in screen.getvalue()
    assert "Last said" not in screen.getvalue()
