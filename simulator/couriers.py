"""Many small connection pools instead of a large one.

httpx looks at every connection of a pool for every request: with 256 of them that cost more than all else together.
"""

import ssl

import httpx

_PER_POOL = 4
_LIMITS = httpx.Limits(max_connections=_PER_POOL, max_keepalive_connections=_PER_POOL, keepalive_expiry=30)


class _Pool:
    def __init__(self, context: ssl.SSLContext) -> None:
        self.busy = 0
        self._client = httpx.AsyncClient(verify=context, limits=_LIMITS, trust_env=False)

    async def post(self, url: str, body: str, headers: dict[str, str], timeout_seconds: float) -> httpx.Response:
        self.busy += 1
        try:
            return await self._client.post(url, content=body, headers=headers, timeout=timeout_seconds)
        finally:
            self.busy -= 1

    async def close(self) -> None:
        await self._client.aclose()


class Couriers:
    """At most ``pools * 4`` requests are under way at once; a receiver that hangs fills them only slowly."""

    def __init__(self, pools: int = 64) -> None:
        context = httpx.create_ssl_context(trust_env=False)
        self._pools = [_Pool(context) for _ in range(pools)]

    async def post(self, url: str, body: str, headers: dict[str, str], timeout_seconds: float) -> bool:
        """Whether the receiver took it: any 2xx. Redirects, errors and silence are a no."""
        # The first that has room, so that few connections are open while little is to do.
        pool = next((p for p in self._pools if p.busy < _PER_POOL), None) or min(self._pools, key=lambda p: p.busy)
        try:
            answer = await pool.post(url, body, headers, timeout_seconds)
        except (httpx.HTTPError, httpx.InvalidURL):
            return False
        return answer.is_success

    async def close(self) -> None:
        for pool in self._pools:
            await pool.close()
