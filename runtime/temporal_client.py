"""The connection to Temporal: one client a process, made from TEMPORAL_… as every Temporal program reads them."""

import asyncio
import random

from temporalio.client import Client
from temporalio.envconfig import ClientConfig, ClientConnectConfig
from temporalio.runtime import Runtime

from runtime.payloads import data_converter
from runtime.settings import Settings

DEFAULT_TARGET = "127.0.0.1:7233"
ATTEMPTS = 10
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 10.0


class TemporalAway(Exception):  # noqa: N818 - says what happened, as in the house's other error trees
    """Temporal did not answer after all attempts; the message names the address. Start again later."""


def connect_config(settings: Settings) -> ClientConnectConfig:
    """Address, namespace, key and TLS as temporalio.envconfig reads them.

    A configuration file is read only when TEMPORAL_CONFIG_FILE or TEMPORAL_PROFILE asks for it: a profile that a
    developer keeps for other work must not mix with the embedded server's address.
    """
    environment = settings.temporal_environment
    wants_file = "TEMPORAL_CONFIG_FILE" in environment or "TEMPORAL_PROFILE" in environment
    return ClientConfig.load_client_connect_config(disable_file=not wants_file, override_env_vars=dict(environment))


async def connect(
    settings: Settings, *, lazy: bool = False, runtime: Runtime | None = None, attempts: int = ATTEMPTS
) -> Client:
    """Connect, waiting about a minute for a server that is still starting.

    Args:
        settings: Gives the TEMPORAL_ variables.
        lazy: Return at once and connect at the first call, so that an API starts without Temporal. A worker cannot
            use a lazy client.
        runtime: The SDK's runtime, where metrics are wanted.
        attempts: How often to try; each pause is about twice the one before.

    Raises:
        TemporalAway: No answer after all attempts.
    """
    for attempt in range(1, attempts + 1):
        try:
            return await connect_once(settings, lazy=lazy, runtime=runtime)
        except RuntimeError as error:  # what the SDK raises when the first connection fails
            if attempt == attempts:
                raise TemporalAway(f"Temporal does not answer at {target(settings)}: {error}") from error
        longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0**attempt)
        await asyncio.sleep(longest * random.uniform(0.5, 1.0))  # noqa: S311 - spreading, not secrecy
    raise AssertionError("the last attempt returns or raises")


async def connect_once(settings: Settings, *, lazy: bool = False, runtime: Runtime | None = None) -> Client:
    """Connect without a second try.

    Raises:
        RuntimeError: No connection.
    """
    config = connect_config(settings)
    config.setdefault("target_host", DEFAULT_TARGET)
    return await Client.connect(**config, data_converter=data_converter, lazy=lazy, runtime=runtime)


def target(settings: Settings) -> str:
    """The host and port that would be connected to."""
    return connect_config(settings).get("target_host", DEFAULT_TARGET)
