"""``./leadline leads``: whom is called, and what became of it."""

import json
from typing import Annotated

import typer

from commands.api_access import address
from commands.daily import AsJson, AtMost, ask_and_show, asked, campaign_id_of, given, show_list, show_one
from commands.output import complain, say
from domain.vocabulary import LeadOutcome, LeadStatus

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
    status: Annotated[LeadStatus | None, typer.Option("--status", help="How far it is.")] = None,
    outcome: Annotated[LeadOutcome | None, typer.Option("--outcome", help="What became of it.")] = None,
    q: Annotated[str | None, typer.Option("--q", help="Part of a name or number, or an external id.")] = None,
    limit: AtMost = 50,
    as_json: AsJson = False,
) -> None:
    found = asked(
        lambda api: api.everything(
            "/api/v1/leads",
            at_most=limit,
            **given(campaign_id=campaign_id_of(api, campaign), status=status, outcome=outcome, q=q),
        ),
        as_json=as_json,
    )
    show_list(found, COLUMNS, as_json=as_json)


@leads.command(help="All that is known of a lead.")
def show(lead: Lead, as_json: AsJson = False) -> None:
    ask_and_show(lambda api: api.ask("GET", address("leads", lead)), as_json=as_json)


@leads.command(help="What happened to a lead, in order.")
def timeline(lead: Lead, as_json: AsJson = False) -> None:
    moments = asked(lambda api: api.everything(address("leads", lead, "timeline")), as_json=as_json)
    show_list(moments, MOMENTS, as_json=as_json)


@leads.command(help="Stop calling a lead.")
def cancel(
    lead: Lead,
    hang_up: Annotated[bool, typer.Option("--hang-up", help="End a live call too.")] = False,
    as_json: AsJson = False,
) -> None:
    body = {"hang_up": hang_up}
    ask_and_show(lambda api: api.ask("POST", address("leads", lead, "cancel"), json=body), as_json=as_json)


@leads.command("call-now", help="Call a lead ahead of the queue, inside the rules.")
def call_now(lead: Lead, as_json: AsJson = False) -> None:
    ask_and_show(lambda api: api.ask("POST", address("leads", lead, "call-now")), as_json=as_json)


@leads.command(help="Call a finished lead again.")
def reopen(lead: Lead, as_json: AsJson = False) -> None:
    ask_and_show(lambda api: api.ask("POST", address("leads", lead, "reopen")), as_json=as_json)


@leads.command(help="Erase the person behind a lead, for good; nobody calls them again.")
def erase(lead: Lead, yes: Yes = False, as_json: AsJson = False) -> None:
    _be_sure(yes=yes, asks=not as_json)
    asked(lambda api: api.ask("DELETE", address("leads", lead)), as_json=as_json)
    say(json.dumps({"id": lead}) if as_json else ERASED)


@leads.command("erase-person", help="Erase whoever has a number, for good; nobody calls them again.")
def erase_person(phone_number: Number, yes: Yes = False, as_json: AsJson = False) -> None:
    _be_sure(yes=yes, asks=not as_json)
    body = {"phone_number": phone_number}
    asked(lambda api: api.ask("POST", "/api/v1/persons/erase", json=body), as_json=as_json)
    say(json.dumps(body) if as_json else ERASED)


@leads.command("export-person", help="All that is known of a number, as JSON with or without --json.")
def export_person(phone_number: Number, as_json: AsJson = False) -> None:
    body = {"phone_number": phone_number}
    known = asked(lambda api: api.ask("POST", "/api/v1/persons/export", json=body), as_json=as_json)
    show_one(known, as_json=True)


def _be_sure(*, yes: bool, asks: bool) -> None:
    if yes:
        return
    if not asks:
        complain("With --json nobody is asked whether it is meant: give --yes.")
        raise typer.Exit(2)
    typer.confirm("This can't be taken back. Erase the person?", abort=True, err=True)
