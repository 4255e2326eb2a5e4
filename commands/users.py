"""``./leadline users``: who works here, who is invited, in which role."""

import json
from enum import StrEnum
from typing import Annotated

import typer

from commands.api_access import Api, Json
from commands.api_errors import ApiRefused
from commands.daily import AsJson, asked
from commands.output import one_line, say

users = typer.Typer(help="Who works here, and in which role.", no_args_is_help=True)


class Role(StrEnum):
    ADMIN = "admin"
    OPERATOR = "operator"
    VIEWER = "viewer"


RoleArgument = Annotated[Role, typer.Argument(help="viewer reads, operator works, admin also changes people and keys.")]
EmailArgument = Annotated[str, typer.Argument(help="The person's address.")]


@users.command("list", help="Show the people of the organisation, and open invitations.")
def list_users(as_json: AsJson = False) -> None:
    def act(api: Api) -> None:
        found = {"users": api.everything("/api/v1/users"), "invitations": api.everything("/api/v1/users/invitations")}
        say(json.dumps(found, indent=2) if as_json else _table(found["users"], found["invitations"]))

    asked(act, as_json=as_json)


@users.command(help="Invite somebody: prints the token that they accept with. No mail is sent.")
def invite(email: EmailArgument, role: RoleArgument = Role.OPERATOR, as_json: AsJson = False) -> None:
    def act(api: Api) -> None:
        made = api.ask("POST", "/api/v1/users/invitations", json={"email": email, "role": role})
        say(json.dumps(made, indent=2) if as_json else _invited(made))

    asked(act, as_json=as_json)


@users.command(help="Give somebody another role.")
def role(email: EmailArgument, role: RoleArgument, as_json: AsJson = False) -> None:
    def act(api: Api) -> None:
        changed = api.ask("PATCH", f"/api/v1/users/{_id_of(api, email)}", json={"role": role})
        say(json.dumps(changed, indent=2) if as_json else f"{changed['email']} is {changed['role']} now.")

    asked(act, as_json=as_json)


@users.command(help="Remove somebody from the organisation; they are signed out at once.")
def remove(email: EmailArgument, as_json: AsJson = False) -> None:
    def act(api: Api) -> None:
        user_id = _id_of(api, email)
        api.ask("DELETE", f"/api/v1/users/{user_id}")
        say(json.dumps({"id": user_id, "email": email}) if as_json else f"{email} is no longer in the organisation.")

    asked(act, as_json=as_json)


@users.command("reset-password", help="Reset somebody's password: prints the token with which they choose another.")
def reset_password(email: EmailArgument, as_json: AsJson = False) -> None:
    def act(api: Api) -> None:
        made = api.ask("POST", f"/api/v1/users/{_id_of(api, email)}/password-reset")
        say(json.dumps(made, indent=2) if as_json else _reset(made))

    asked(act, as_json=as_json)


def _id_of(api: Api, email: str) -> str:
    wanted = email.strip().lower()
    found = next((one["id"] for one in api.everything("/api/v1/users") if one["email"] == wanted), None)
    if found is None:
        raise ApiRefused("There is nobody with this address in the organisation; ./leadline users list shows all.")
    return str(found)


def _table(people: list[Json], invitations: list[Json]) -> str:
    lines = [f"{one['role']:<9} {one_line(one['email'])}" for one in people]
    lines += [f"{one['role']:<9} {one_line(one['email'])} (invited until {one['expires_at']})" for one in invitations]
    return "\n".join(lines)


def _invited(made: Json) -> str:
    return (
        f"{made['email']} may join as {made['role']} until {made['expires_at']}. Pass this on, it is shown this once:\n"
        f"  {made['token']}\n"
        "They send it with a password of their choice to POST /api/v1/auth/accept-invitation."
    )


def _reset(made: Json) -> str:
    return (
        f"{made['email']} is signed out, and their password holds no more. Until {made['expires_at']} they choose"
        " another with this; pass it on, it is shown this once:\n"
        f"  {made['token']}\n"
        "They send it with a password of their choice to POST /api/v1/auth/accept-password-reset."
    )
