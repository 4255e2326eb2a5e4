"""``./leadline keys``: API keys for machines."""

import json
from typing import Annotated

import typer

from commands.api_access import Api, Json, address
from commands.daily import AsJson, asked
from commands.output import one_line, say
from commands.users import Role, RoleArgument

keys = typer.Typer(help="API keys for machines.", no_args_is_help=True)


@keys.command("list", help="Show the keys; also those that were revoked.")
def list_keys(as_json: AsJson = False) -> None:
    def act(api: Api) -> None:
        found = api.everything("/api/v1/api-keys")
        say(json.dumps(found, indent=2) if as_json else _table(found))

    asked(act, as_json=as_json)


@keys.command(help="Make a key: it is shown this once.")
def make(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    role: RoleArgument = Role.OPERATOR,
    rate_limit: Annotated[
        str | None, typer.Option("--rate-limit", help="Such as 600/minute; else that of people.")
    ] = None,
    expires_at: Annotated[
        str | None, typer.Option("--expires-at", help="An instant in ISO 8601; else it holds until it is revoked.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    def act(api: Api) -> None:
        body = {"name": name, "role": role, "rate_limit": rate_limit, "expires_at": expires_at}
        made = api.ask("POST", "/api/v1/api-keys", json=body)
        say(json.dumps(made, indent=2) if as_json else f"Keep this, it is shown this once:\n  {made['key']}")

    asked(act, as_json=as_json)


@keys.command(help="Revoke a key: nothing is taken by it any more.")
def revoke(key_id: Annotated[str, typer.Argument(help="As the list shows it.")], as_json: AsJson = False) -> None:
    def act(api: Api) -> None:
        api.ask("DELETE", address("api-keys", key_id))
        say(json.dumps({"id": key_id}) if as_json else "The key is revoked.")

    asked(act, as_json=as_json)


def _table(found: list[Json]) -> str:
    if not found:
        return "There are no keys; ./leadline keys make NAME makes one."
    return "\n".join(
        f"{one['id']}  {one['role']:<9} …{one['hint']}  {one_line(one['name'])}{_state(one)}" for one in found
    )


def _state(key: Json) -> str:
    if key["revoked_at"]:
        return f" (revoked {key['revoked_at']})"
    return f" (last used {key['last_used_at']})" if key["last_used_at"] else " (never used)"
