"""What each operation is called, in /openapi.json and so in generated clients: ``create_lead``, ``list_leads``.

Names come from addresses. Where an address reads badly, or two would be called the same, it stands in ``NAMED``.
"""

from collections.abc import Sequence

ROOT = "/api/v1/"

NAMED: dict[tuple[str, str], str] = {
    ("POST", "auth/token"): "sign_in",
    ("POST", "auth/token/switch"): "switch_organization",
    ("GET", "auth/me"): "get_me",
    ("POST", "auth/sign-out"): "sign_out",
    ("POST", "auth/password"): "change_password",
    ("POST", "auth/accept-invitation"): "accept_invitation",
    ("POST", "auth/accept-password-reset"): "accept_password_reset",
    ("GET", "organizations/current"): "get_current_organization",
    ("PATCH", "organizations/current"): "update_current_organization",
    ("POST", "organizations/current/stop"): "stop_calling",
    ("POST", "organizations/current/start"): "start_calling",
    ("GET", "users/invitations"): "list_invitations",
    ("POST", "users/invitations"): "create_invitation",
    ("POST", "users/{}/password-reset"): "reset_password",
    ("GET", "audit-log"): "list_audit_log",
    ("GET", "status"): "get_status",
    ("POST", "leads/batch"): "create_leads",
    ("POST", "leads/import"): "import_leads",
    ("GET", "leads/export"): "export_leads",
    ("POST", "leads/{}/call-now"): "call_lead_now",
    ("GET", "imports/{}/rejected"): "get_rejected_rows",
    ("POST", "campaigns/{}/test-call"): "place_test_call",
    ("POST", "persons/erase"): "erase_person",
    ("POST", "persons/export"): "export_person",
    ("GET", "persons/deletions"): "get_deletions",
    ("POST", "suppressions/lift"): "lift_suppression",
    ("PUT", "accounts/{}/api-key"): "replace_account_key",
    ("GET", "accounts/{}/agents"): "list_account_agents",
    ("GET", "accounts/{}/numbers"): "list_account_numbers",
    ("POST", "accounts/{}/numbers/import"): "import_account_number",
    ("GET", "accounts/{}/webhook-keys"): "list_webhook_keys",
    ("POST", "accounts/{}/webhook-keys"): "create_webhook_key",
    ("POST", "event-subscriptions/{}/rotate-secret"): "rotate_event_subscription_secret",
    ("GET", "event-subscriptions/{}/deliveries"): "list_event_deliveries",
    ("GET", "event-subscriptions/{}/deliveries/{}/tries"): "list_event_tries",
    ("POST", "event-subscriptions/{}/deliveries/{}/redeliver"): "redeliver_event",
    ("GET", "calls/live"): "listen_to_calls",
    ("GET", "calls/export"): "export_calls",
    ("GET", "do-not-call"): "list_do_not_call_numbers",
    ("POST", "do-not-call"): "create_do_not_call_number",
    ("GET", "do-not-call/{}"): "get_do_not_call_number",
    ("DELETE", "do-not-call/{}"): "delete_do_not_call_number",
    ("GET", "do-not-call/export"): "export_do_not_call_numbers",
    ("POST", "do-not-call/import"): "import_do_not_call_list",
    ("GET", "do-not-call/lists"): "list_do_not_call_lists",
    ("DELETE", "do-not-call/lists/{}"): "delete_do_not_call_list",
    ("POST", "calls/webhook"): "report_call",
    ("POST", "calls/webhook/{}"): "report_call_of_account",
}
VERBS = {"PATCH": "update", "PUT": "replace", "DELETE": "delete"}


def operation_name(method: str, path: str) -> str:
    """One of ``NAMED``, or by these rules, with ``{id}`` for any name in braces.

    ``GET things`` lists, ``POST things`` creates one; ``things/{id}`` gets, updates, replaces and deletes one;
    ``POST things/{id}/verb`` does that to one; ``GET`` of anything below one gets it.
    """
    parts = [_plain(part) for part in path.removeprefix(ROOT).strip("/").split("/")]
    named = NAMED.get((method, "/".join(parts)))
    return (named or _by_rule(method, parts)).replace("-", "_")


def summary_of(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _plain(part: str) -> str:
    return "{}" if part.startswith("{") else part


def _by_rule(method: str, parts: Sequence[str]) -> str:
    match [method, *parts]:
        case ["GET", things]:
            return f"list_{things}"
        case ["POST", things]:
            return f"create_{_one(things)}"
        case ["GET", *_, things, "{}"]:
            return f"get_{_one(things)}"
        case ["POST", things, "{}", verb]:
            return f"{verb}_{_one(things)}"
        case ["GET", things, "{}", thing]:
            return f"get_{_one(things)}_{thing}"
        case [_, *_, things, "{}"]:
            return f"{VERBS.get(method, method.lower())}_{_one(things)}"
        case _:
            words = [part for part in parts if part != "{}"]
            return f"{VERBS.get(method, method.lower())}_{'_'.join(words)}"


def _one(things: str) -> str:
    return f"{things[:-3]}y" if things.endswith("ies") else things.removesuffix("s")
