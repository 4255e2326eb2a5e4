"""The connections to the voice provider."""

from datetime import timedelta

import httpx

PROVIDER_TIMEOUT = httpx.Timeout(40.0, connect=5.0, pool=5.0)
"""Seconds. Placing a call can take long; coming through to the provider should not.

``connect`` and ``pool`` are short because giving up there is harmless: nothing has been sent.
"""

ANSWER_DEADLINE = timedelta(seconds=45)
"""The timeouts of httpx start anew with every packet; an answer that trickles in must end as well."""

_LIMITS = httpx.Limits(
    max_connections=500,
    max_keepalive_connections=100,
    # Short, so that a connection is rarely reused in the moment the far side closes it: after sending, a closed
    # connection can't be told from a call that was placed.
    keepalive_expiry=5.0,
)


def provider_http_client() -> httpx.AsyncClient:
    """A client for one worker process; the caller closes it.

    Room for 500 requests at once. Redirects are refused: a redirected dial could be sent twice. A proxy from the
    environment is used, except towards this machine.
    """
    return httpx.AsyncClient(
        timeout=PROVIDER_TIMEOUT,
        limits=_LIMITS,
        follow_redirects=False,
        mounts={"all://127.0.0.1": None, "all://localhost": None},
    )
