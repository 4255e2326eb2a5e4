"""``./leadline leads``: whom is called, and what became of it."""

from typing import Annotated

import typer

from commands.daily import AsJson, AtMost, asked, campaign_id_of, given, show_list, show_one

COLUMNS = ("id", "status", "outcome", "phone_number", "name", "next_attempt_at", "waiting_for")
MOMENTS = ("at", "kind", "by", "details")

Lead = Annotated[str, typer.Argument(help="The lead's id.")]

leads = typer.Typer(help="List, show, cancel and reopen leads.", no_args_is_help=True)


@leads.command("list", help="The newest leads, or those that are looked for.")
def list_leads(
    campaign: Annotated[str | None, typer.Option("--campaign", help="A campaign's name or id.")] = None,
    status: Annotated[str | None, typer.Option("--status", help="new, in_progress or done.")] = None,
    outcome: Annotated[str | None, typer.Option("--outcome")] = None,
    q: Annotated[str | None, typer.Option("--q", help="Part of a name or number, or an external id.")] = None,
    limit: AtMost = 50,
    as_json: AsJson = False,
) -> None:
    found = asked(
        lambda api: api.everything(
            "/api/v1/leads",
            at_most=limit,
            **given(campaign_id=campaign_id_of(api, campaign), status=status, outcome=outcome, q=q),
        )
    )
    show_list(found, COLUMNS, as_json=as_json)


@leads.command(help="All that is known of a lead.")
def show(lead: Lead, as_json: AsJson = False) -> None:
    show_one(asked(lambda api: api.ask("GET", f"/api/v1/leads/{lead}")), as_json=as_json)


@leads.command(help="What happened to a lead, in order.")
def timeline(lead: Lead, as_json: AsJson = False) -> None:
    moments = asked(lambda api: api.everything(f"/api/v1/leads/{lead}/timeline"))
    show_list(moments, MOMENTS, as_json=as_json)


@leads.command(help="Stop calling a lead.")
def cancel(
    lead: Lead,
    hang_up: Annotated[bool, typer.Option("--hang-up", help="End a live call too.")] = False,
    as_json: AsJson = False,
) -> None:
    body = {"hang_up": hang_up}
    show_one(asked(lambda api: api.ask("POST", f"/api/v1/leads/{lead}/cancel", json=body)), as_json=as_json)


@leads.command("call-now", help="Call a lead ahead of the queue, inside the rules.")
def call_now(lead: Lead, as_json: AsJson = False) -> None:
    show_one(asked(lambda api: api.ask("POST", f"/api/v1/leads/{lead}/call-now")), as_json=as_json)


@leads.command(help="Call a finished lead again.")
def reopen(lead: Lead, as_json: AsJson = False) -> None:
    show_one(asked(lambda api: api.ask("POST", f"/api/v1/leads/{lead}/reopen")), as_json=as_json)
