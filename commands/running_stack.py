"""Where the stack that runs on this machine is found, for commands that talk to its database and engine themselves."""

from collections.abc import Mapping

from commands.way_in import published, settings_of


def with_running_stack(environ: Mapping[str, str]) -> Mapping[str, str]:
    """The environment, and what it doesn't name as the running stack has published it in its home.

    Raises:
        ApiRefused: the environment says something unknown or impossible.
    """
    addresses = published(settings_of(environ).home)
    found = {"DATABASE_URL": addresses.get("postgres"), "TEMPORAL_ADDRESS": addresses.get("temporal")}
    return {**{name: address for name, address in found.items() if address}, **environ}
