"""``./leadline status``: what runs, what is due, and what is held up why."""

import json
import os
from collections.abc import Mapping
from datetime import datetime

import httpx
import typer

from commands.api_access import Api, Json, running_api
from commands.api_errors import ApiAway, ApiRefused, NoWayIn
from commands.daily import AsJson, refused, wide_screen
from commands.output import complain, say
from commands.standing import has_no_worker, show
from commands.way_in import api_address, published, settings_of
from runtime.settings import Settings

ANSWER_SECONDS = 5.0


def status(as_json: AsJson = False) -> None:
    """Status 0 when it is able to work; 1 when nothing runs, something is missing, or one isn't let in."""
    try:
        settings = settings_of(os.environ)
    except ApiRefused as error:
        raise refused(error, as_json=as_json) from None
    report = asked(settings)
    is_barred = False
    if report["running"]:
        try:
            report |= details(os.environ, midnight=_midnight())
        except ApiRefused as error:
            report["problem"] = str(error)
            # Whoever brought nothing to sign in with still learns whether it works.
            is_barred = not (isinstance(error, NoWayIn) and error.status is None)
    if as_json:
        say(json.dumps(report, indent=2))
    else:
        show(report, wide_screen())
    if report["problem"]:
        complain(report["problem"])
    if is_barred or not is_able(report):
        raise typer.Exit(1)


def asked(settings: Settings, transport: httpx.BaseTransport | None = None) -> Json:
    """What everybody may know of the API of this home: ``running``, ``ready``, ``addresses`` and its own ``checks``.

    The other keys are those of ``details``, empty. Passwords are left out of the addresses.
    """
    addresses = {name: address for name, address in published(settings.home).items() if name != "postgres"}
    unknown: Json = {"problem": None, "standing": None, "leads": None, "today": None}
    nothing: Json = {"running": False, "ready": False, "addresses": addresses, "checks": None, **unknown}
    try:
        with httpx.Client(transport=transport, timeout=ANSWER_SECONDS, trust_env=False) as client:
            answer = client.get(f"{api_address(settings)}/readyz")
        checks = answer.json()
    except (httpx.HTTPError, ValueError):
        return nothing
    if not isinstance(checks, dict) or "status" not in checks:
        return nothing  # something else listens there
    return nothing | {"running": True, "ready": answer.status_code == httpx.codes.OK, "checks": checks}


def details(environ: Mapping[str, str], *, midnight: datetime, transport: httpx.BaseTransport | None = None) -> Json:
    """What one may know who is let in: ``standing``, how many ``leads`` there are, and the calls of ``today``.

    Raises:
        ApiRefused: one isn't let in, or the API isn't there any more.
    """
    with running_api(environ, transport) as api:
        standing = api.ask("GET", "/api/v1/status", params={"today_since": midnight.isoformat()})
        return {
            "standing": standing,
            "leads": _figures(api, "by_status"),
            "today": _figures(api, "calls", **{"from": midnight.isoformat()}),
        }


def is_able(report: Json) -> bool:
    """Ready, and not without anybody who would do the work."""
    return bool(report["ready"]) and not has_no_worker(report["standing"])


def _figures(api: Api, which: str, **query: str) -> Json | None:
    """None where they can't be read right now: they may be on a replica that is away, and all else is known."""
    try:
        figures: Json = api.ask("GET", "/api/v1/analytics/summary", params=query)[which]
    except ApiAway:
        return None
    return figures


def _midnight() -> datetime:
    """On the clock of this machine."""
    return datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
