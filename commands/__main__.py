"""``python -m commands``, which ``./leadline`` becomes once the environment is set up."""

import os
import sys

import typer

from commands.bench import bench
from commands.calls import calls
from commands.campaigns import campaigns
from commands.connect import connect
from commands.demo.command import demo
from commands.do_not_call import do_not_call
from commands.importing import import_leads
from commands.keys import keys
from commands.leads import leads
from commands.status import status
from commands.tail import tail
from commands.test import test
from commands.up import up
from commands.users import users
from commands.webhooks import webhooks
from runtime.exit import leave
from runtime.own_session import enter_own_session

_RUN_A_SYSTEM = {"demo", "up", "bench"}

app = typer.Typer(
    name="./leadline",
    help="Calls leads by phone with a voice agent; every lead is a durable workflow.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command(help="Set everything up and call every lead of an example file, by the simulator.")(demo)
app.command(help="Run the whole system in the foreground until Ctrl-C.")(up)
app.command(help="From a Retell key to a call on your own phone, step by step.")(connect)
app.command(help="What runs here, what is due, and what is held up why.")(status)
app.command(help="Calls as they go on: a table on a terminal, else a line for each thing that happens.")(tail)
app.command("import", help="Import leads from a CSV or NDJSON file into a campaign.")(import_leads)
app.command(help="Measure how fast this is, beside a floor or a rival in the same run.")(bench)
app.add_typer(leads, name="leads")
app.add_typer(calls, name="call")
app.add_typer(campaigns, name="campaigns")
app.add_typer(do_not_call, name="do-not-call")
app.add_typer(webhooks, name="webhooks")
app.add_typer(users, name="users")
app.add_typer(keys, name="keys")
app.command(
    help="Check the code and run all tests; further arguments go to pytest.",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)(test)


def main() -> None:
    """Run the command and leave with its status, without tearing down an interpreter that used the Temporal SDK."""
    if _RUN_A_SYSTEM.intersection(sys.argv[1:2]):
        enter_own_session()
    try:
        app(prog_name="./leadline")
    except SystemExit as ended:
        leave(ended.code if isinstance(ended.code, int) else int(ended.code is not None))
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - the reader left; nothing more can be said
        leave(1)


if __name__ == "__main__":
    main()
