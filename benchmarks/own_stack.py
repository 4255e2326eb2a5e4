"""A whole system for the length of one benchmark: fresh, on the simulator, gone afterwards."""

import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TypeVar

import httpx

from runtime.embedded.environments import isolated
from runtime.embedded.foreground import run_for
from runtime.embedded.part import Part, Say
from runtime.embedded.parts import make_parts
from runtime.embedded.plan import Plan
from runtime.embedded.stack import Stack
from runtime.settings import PREFIX, load_settings

REQUEST_SECONDS = 60.0

Result = TypeVar("Result")
MoreParts = Callable[[Plan], list[Part]]


def http_to_api(plan: Plan) -> httpx.AsyncClient:
    """Connections to the API of a stack that is up; the caller closes them."""
    return httpx.AsyncClient(base_url=plan.api_url, timeout=REQUEST_SECONDS, trust_env=False)


async def run_on_own_stack(
    work: Callable[[Plan], Awaitable[Result]],
    *,
    say: Say,
    environ: Mapping[str, str] = os.environ,
    more_parts: MoreParts = lambda _: [],
) -> Result | None:
    """Start a system with an empty database, do the work, stop it and remove all that it wrote.

    Args:
        work: Is given the addresses of the running system.
        say: Takes lines for people.
        environ: Only what can't lead to anything real counts, and LEADLINE_HOME: the state lies on the same disk as
            that of a lasting system, since a temporary folder may be kept in memory.
        more_parts: Programs to run beside the system's own.

    Returns:
        What the work returned; None when SIGINT, SIGTERM or SIGHUP came first.

    Raises:
        StackError: The system did not start.
        SettingsError: The environment says something unknown or impossible.
    """

    def compose(plan: Plan, stack_environ: Mapping[str, str]) -> list[Part]:
        return [*make_parts(plan, stack_environ), *more_parts(plan)]

    ours = {name: value for name, value in environ.items() if name.startswith(PREFIX)}
    homes = load_settings(ours).home.absolute()
    homes.mkdir(mode=0o700, parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="bench-", dir=homes))
    try:
        stack = Stack(
            home,
            isolated(environ) | {"LEADLINE_RATE_LIMIT": "off"},
            say=say,
            private_ports=True,
            throwaway=True,
            compose=compose,
        )
        return await run_for(stack, say=say, work=lambda: work(stack.plan))
    finally:
        shutil.rmtree(home, ignore_errors=True)
