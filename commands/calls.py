"""``./leadline call``: calls that went out and came in."""

from typing import Annotated

import typer

from commands.api_access import address
from commands.daily import AsJson, AtMost, ask_and_show, asked, campaign_id_of, given, show_list
from domain.vocabulary import AttemptOutcome, AttemptStatus

COLUMNS = ("call_id", "direction", "status", "outcome", "disposition", "phone_number", "started_at", "duration_seconds")

calls = typer.Typer(help="List and show calls.", no_args_is_help=True)


@calls.command("list", help="The newest calls.")
def list_calls(
    campaign: Annotated[str | None, typer.Option("--campaign", help="A campaign's name or id.")] = None,
    lead: Annotated[str | None, typer.Option("--lead", help="A lead's id.")] = None,
    status: Annotated[AttemptStatus | None, typer.Option("--status", help="How far it is.")] = None,
    outcome: Annotated[AttemptOutcome | None, typer.Option("--outcome", help="How it ended.")] = None,
    limit: AtMost = 50,
    as_json: AsJson = False,
) -> None:
    found = asked(
        lambda api: api.everything(
            "/api/v1/calls",
            at_most=limit,
            **given(campaign_id=campaign_id_of(api, campaign), lead_id=lead, status=status, outcome=outcome),
        ),
        as_json=as_json,
    )
    show_list(found, COLUMNS, as_json=as_json)


@calls.command(help="All that is known of a call, with its transcript.")
def show(
    call_id: Annotated[str, typer.Argument(help="The provider's id of the call.")], as_json: AsJson = False
) -> None:
    ask_and_show(lambda api: api.ask("GET", address("calls", call_id)), as_json=as_json)
