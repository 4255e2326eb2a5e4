"""What ``./leadline status`` knows, for people."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from commands.api_access import Json
from commands.output import one_line

NOTHING_RUNS = "Nothing runs here; ./leadline up starts it."
WAS_KILLED = "Leadline is starting, or was killed; ./leadline up starts it."
NO_WORKER = "none, nobody is called; ./leadline up brings one, its log says why it may have ended"
NOT_KNOWN = "not known right now, figures can't be read"
PROVIDERS = {"simulator": "the simulator, nobody's phone rings", "retell": "Retell, real phones ring"}
COLUMNS = ("campaign", "state", "live calls", "due", "next comes due", "held up by")


def show(report: Json, console: Console) -> None:
    """All of it: sentences first, then the campaigns with what holds each of them up."""
    console.print(Text(headline(report)), soft_wrap=True)
    for name, value in rows(report):
        console.print(Text(f"  {name:<14}{one_line(value)}"), soft_wrap=True)
    standing = report["standing"]
    if standing is not None:
        console.print(_campaigns(standing) if standing["campaigns"] else "  There is no campaign that could call.")


def headline(report: Json) -> str:
    if not report["running"]:
        return WAS_KILLED if report["addresses"] else NOTHING_RUNS
    if has_no_worker(report["standing"]):
        return "Leadline runs, but nobody does its work: no worker has asked for any of late"
    if report["ready"]:
        return "Leadline runs and is able to work"
    away = [name for name, state in report["checks"].items() if state == "away"]
    return f"Leadline runs but is not able to work: {' and '.join(away) or 'something'} can't be reached"


def has_no_worker(standing: Json | None) -> bool:
    """Known to have none; while the engine doesn't answer nobody knows."""
    return standing is not None and standing["workers"] == 0


def rows(report: Json) -> Iterator[tuple[str, str]]:
    """What stands below the headline, a name and a value each."""
    if report["running"]:
        yield from ((name, address) for name, address in report["addresses"].items() if address)
    standing = report["standing"]
    if standing is None:
        return
    yield "organisation", standing["organization"]
    if standing["stopped_at"]:
        yield "stopped", f"since {standing['stopped_at']}; POST /api/v1/organizations/current/start lets it go on"
    yield "workers", _workers(standing["workers"])
    yield from (("calls go to", one) for one in _providers(standing["accounts"]))
    inbound = f", {standing['inbound_calls']} ringing in" if standing["inbound_calls"] else ""
    yield "live calls", f"{_of(standing['live_calls'], standing['max_live_calls'])}{inbound}"
    yield "leads", _leads(report["leads"])
    yield "due now", _due(standing)
    yield "today", _today(report["today"])
    yield "outcomes", _outcomes(standing["today"])
    yield from (("parked", one) for one in _parked(standing))
    yield from (("do-not-call", one) for one in standing["registries"])


def _workers(workers: int | None) -> str:
    if workers is None:
        return "not known while Temporal doesn't answer"
    return str(workers) if workers else NO_WORKER


def _providers(accounts: Sequence[Json]) -> Iterator[str]:
    for one in accounts:
        used = _of(one["live_calls"], one["max_live_calls"])
        yield f"{PROVIDERS.get(one['provider'], one['provider'])} ({one['name']}, {used} live)"


def _due(standing: Json) -> str:
    more = "or more " if standing["leads_due_is_cut"] else ""
    parts = [f"{standing['leads_queued']:,} {more}wait for a slot"]
    if standing["leads_held_up"]:
        parts.append(f"{standing['leads_held_up']:,} {more}are held up")
    return ", ".join(parts) if standing["leads_due"] else "nobody"


def _leads(by_status: Json | None) -> str:
    if by_status is None:
        return NOT_KNOWN
    return ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in by_status.items())


def _today(calls: Json | None) -> str:
    if calls is None:
        return NOT_KNOWN
    told = f"{calls['calls']:,} calls, {calls['reached']:,} reached, {calls['succeeded']:,} succeeded"
    refused = f", {calls['refused']:,} refused before they rang" if calls["refused"] else ""
    inbound = f", {calls['inbound']:,} came in" if calls["inbound"] else ""
    return f"{told}{refused}{inbound}, cost {calls['cost']:.2f}"


def _outcomes(today: Json) -> str:
    """What most of today's calls came to first."""
    told = sorted(today["by_outcome"].items(), key=lambda one: -one[1])
    parts = [f"{count:,} {name.replace('_', ' ')}" for name, count in told if count]
    return ", ".join(parts) or "no call of today is over yet"


def _parked(standing: Json) -> Iterator[str]:
    """Accounts and number pools; of campaigns it stands in their table."""
    for kind in ("accounts", "number_pools"):
        yield from (one["parked"] for one in standing[kind] if one["parked"])


def _campaigns(standing: Json) -> Table:
    table = Table()
    for column in COLUMNS:
        table.add_column(column, overflow="fold")
    for one in standing["campaigns"]:
        due = f"{one['leads_due']:,}{'+' if one['leads_due_is_cut'] else ''}"
        cells = (
            one["name"],
            one["status"],
            _of(one["live_calls"], one["max_live_calls"]),
            due,
            one["next_due_at"] or "",
            "; ".join(one["held_up_by"]),
        )
        table.add_row(*(Text(one_line(cell)) for cell in cells))
    return table


def _of(count: int, at_most: int | None) -> str:
    return str(count) if at_most is None else f"{count} of {at_most}"
