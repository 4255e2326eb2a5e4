"""``./leadline call``: calls that went out and came in."""

from typing import Annotated

import typer

from commands.daily import AsJson, AtMost, asked, campaign_id_of, given, show_list, show_one

COLUMNS = ("call_id", "direction", "status", "outcome", "disposition", "phone_number", "started_at", "duration_seconds")

calls = typer.Typer(help="List and show calls.", no_args_is_help=True)


@calls.command("list", help="The newest calls.")
def list_calls(
    campaign: Annotated[str | None, typer.Option("--campaign", help="A campaign's name or id.")] = None,
    lead: Annotated[str | None, typer.Option("--lead", help="A lead's id.")] = None,
    status: Annotated[str | None, typer.Option("--status")] = None,
    outcome: Annotated[str | None, typer.Option("--outcome")] = None,
    limit: AtMost = 50,
    as_json: AsJson = False,
) -> None:
    found = asked(
        lambda api: api.everything(
            "/api/v1/calls",
            at_most=limit,
            **given(campaign_id=campaign_id_of(api, campaign), lead_id=lead, status=status, outcome=outcome),
        )
    )
    show_list(found, COLUMNS, as_json=as_json)


@calls.command(help="All that is known of a call, with its transcript.")
def show(
    call_id: Annotated[str, typer.Argument(help="The provider's id of the call.")], as_json: AsJson = False
) -> None:
    show_one(asked(lambda api: api.ask("GET", f"/api/v1/calls/{call_id}")), as_json=as_json)
