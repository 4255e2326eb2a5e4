"""Many small connection pools instead of a large one.

A pool looks at every one of its connections for every request: with 256 of them that cost more than all else together.
And httpcore is asked without httpx around it, which half of a webhook's cost here was.
"""

import ssl
from functools import lru_cache

import httpcore
import httpx

_PER_POOL = 4

# Many servers close what was idle for five seconds, and a request that meets the close would have to go out twice.
_IDLE_SECONDS = 4.0

# Redirects are answers, and no success.
_FAILURES = (
    httpx.InvalidURL,
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
)


@lru_cache(maxsize=1_000)
def _address(url: str) -> httpcore.URL:
    """As httpx reads it: with whatever letters people write into an address.

    Raises:
        httpx.InvalidURL: it is none.
    """
    read = httpx.URL(url)
    if read.port is not None and read.port > 65_535:
        msg = "no port has this number"
        raise httpx.InvalidURL(msg)
    return httpcore.URL(scheme=read.raw_scheme, host=read.raw_host, port=read.port, target=read.raw_path)


class _Pool:
    def __init__(self, context: ssl.SSLContext) -> None:
        self.busy = 0
        self._connections = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=_PER_POOL,
            max_keepalive_connections=_PER_POOL,
            keepalive_expiry=_IDLE_SECONDS,
        )

    async def post(self, url: str, body: str, headers: dict[str, str], timeout_seconds: float) -> httpcore.Response:
        self.busy += 1
        waits = dict.fromkeys(("connect", "read", "write", "pool"), timeout_seconds)
        try:
            return await self._connections.request(
                "POST",
                _address(url),
                headers=list(headers.items()),
                content=body.encode(),
                extensions={"timeout": waits},
            )
        finally:
            self.busy -= 1

    async def close(self) -> None:
        await self._connections.aclose()


class Couriers:
    """At most ``pools * 4`` requests are under way at once; a receiver that hangs fills them only slowly."""

    def __init__(self, pools: int = 64) -> None:
        context = httpcore.default_ssl_context()
        self._pools = [_Pool(context) for _ in range(pools)]

    async def post(self, url: str, body: str, headers: dict[str, str], timeout_seconds: float) -> bool:
        """Whether the receiver took it: any 2xx. Redirects, errors and silence are a no."""
        # The first that has room, so that few connections are open while little is to do.
        pool = next((p for p in self._pools if p.busy < _PER_POOL), None) or min(self._pools, key=lambda p: p.busy)
        try:
            answer = await pool.post(url, body, headers, timeout_seconds)
        except _FAILURES:
            return False
        return 200 <= answer.status < 300

    async def close(self) -> None:
        for pool in self._pools:
            await pool.close()
