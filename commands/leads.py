"""``./leadline leads``: whom is called, and what became of it."""

from typing import Annotated

import typer

from commands.daily import AsJson, AtMost, asked, campaign_id_of, given, show_list, show_one
from commands.output import say

COLUMNS = ("id", "status", "outcome", "phone_number", "name", "next_attempt_at", "waiting_for")
MOMENTS = ("at", "kind", "by", "details")

Lead = Annotated[str, typer.Argument(help="The lead's id.")]

Number = Annotated[str, typer.Argument(help="Written in any usual way.")]
Yes = Annotated[bool, typer.Option("--yes", help="Don't ask whether it is meant.")]

ERASED = "Erased here. What the provider still has is being deleted: GET /api/v1/persons/deletions tells how far it is."

leads = typer.Typer(help="List, show, cancel, reopen and erase leads.", no_args_is_help=True)


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


@leads.command(help="Erase the person behind a lead, for good; nobody calls them again.")
def erase(lead: Lead, yes: Yes = False) -> None:
    _be_sure(yes=yes)
    asked(lambda api: api.ask("DELETE", f"/api/v1/leads/{lead}"))
    say(ERASED)


@leads.command("erase-person", help="Erase whoever has a number, for good; nobody calls them again.")
def erase_person(phone_number: Number, yes: Yes = False) -> None:
    _be_sure(yes=yes)
    asked(lambda api: api.ask("POST", "/api/v1/persons/erase", json={"phone_number": phone_number}))
    say(ERASED)


@leads.command("export-person", help="All that is known of a number, as JSON.")
def export_person(phone_number: Number) -> None:
    body = {"phone_number": phone_number}
    show_one(asked(lambda api: api.ask("POST", "/api/v1/persons/export", json=body)), as_json=True)


def _be_sure(*, yes: bool) -> None:
    if not yes:
        typer.confirm("This can't be taken back. Erase the person?", abort=True)
