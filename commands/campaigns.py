"""``./leadline campaigns``: what is called for, and whether it is."""

from typing import Annotated

import typer

from commands.api_access import Api, Json, address
from commands.daily import AsJson, AtMost, ask_and_show, asked, campaign_id_of, show_list

COLUMNS = ("id", "name", "status", "calling_rules", "max_attempts", "created_at")

Campaign = Annotated[str, typer.Argument(help="The campaign's name or id.")]

campaigns = typer.Typer(help="List, show, launch, pause and resume campaigns.", no_args_is_help=True)


@campaigns.command("list", help="All campaigns, the newest first.")
def list_campaigns(limit: AtMost = 50, as_json: AsJson = False) -> None:
    found = asked(lambda api: api.everything("/api/v1/campaigns", at_most=limit), as_json=as_json)
    show_list(found, COLUMNS, as_json=as_json)


@campaigns.command(help="All that is said of a campaign.")
def show(campaign: Campaign, as_json: AsJson = False) -> None:
    ask_and_show(lambda api: api.ask("GET", _address(api, campaign)), as_json=as_json)


@campaigns.command(help="Begin to call the leads of a draft.")
def launch(campaign: Campaign, as_json: AsJson = False) -> None:
    ask_and_show(lambda api: _told(api, campaign, "launch"), as_json=as_json)


@campaigns.command(help="Dial nobody of it until it is resumed.")
def pause(campaign: Campaign, as_json: AsJson = False) -> None:
    ask_and_show(lambda api: _told(api, campaign, "pause"), as_json=as_json)


@campaigns.command(help="Go on where it was paused or parked.")
def resume(campaign: Campaign, as_json: AsJson = False) -> None:
    ask_and_show(lambda api: _told(api, campaign, "resume"), as_json=as_json)


def _told(api: Api, campaign: str, what: str) -> Json:
    return api.ask("POST", _address(api, campaign, what))


def _address(api: Api, campaign: str, *what: str) -> str:
    return address("campaigns", str(campaign_id_of(api, campaign)), *what)
