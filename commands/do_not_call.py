"""``./leadline do-not-call``: numbers that are never called."""

import json
from typing import Annotated

import typer

from commands.api_access import address
from commands.daily import AsJson, AtMost, ask_and_show, asked, given, show_list
from commands.output import say

COLUMNS = ("phone_number", "reason", "source", "created_at")
PATH = "/api/v1/do-not-call"

Number = Annotated[str, typer.Argument(help="In any usual writing.")]

do_not_call = typer.Typer(help="List, add, look up and remove numbers that are never called.", no_args_is_help=True)


@do_not_call.command("list", help="The newest entries.")
def list_numbers(limit: AtMost = 50, as_json: AsJson = False) -> None:
    show_list(asked(lambda api: api.everything(PATH, at_most=limit), as_json=as_json), COLUMNS, as_json=as_json)


@do_not_call.command(help="Why and on which lists a number stands.")
def show(number: Number, as_json: AsJson = False) -> None:
    ask_and_show(lambda api: api.ask("GET", _address(number)), as_json=as_json)


@do_not_call.command(help="Never call a number again; its leads end.")
def add(
    number: Number,
    reason: Annotated[str | None, typer.Option("--reason", help="For those who read it later.")] = None,
    as_json: AsJson = False,
) -> None:
    body = given(phone_number=number, reason=reason)
    ask_and_show(lambda api: api.ask("POST", PATH, json=body), as_json=as_json)


@do_not_call.command(help="Let a number be called again.")
def remove(number: Number, as_json: AsJson = False) -> None:
    asked(lambda api: api.ask("DELETE", _address(number)), as_json=as_json)
    told = f"{number} may be called again, unless it stands on an imported list."
    say(json.dumps({"phone_number": number}) if as_json else told)


def _address(number: str) -> str:
    return address("do-not-call", number)
