"""Requests to places that others chose: the connection is made to the very addresses that were checked.

OutsideError               nothing came of the request; the message never holds the link, which may be a secret
  + PlaceForbidden         it leads to where nobody outside may be reached; nothing was sent
  + PlaceUnreachable       its host isn't known, can't be connected to, or doesn't answer
"""

import asyncio
import time
from collections.abc import Mapping, Sequence

import httpx

from telephony.link_addresses import Resolve, resolve_by_system, safe_addresses

TIMEOUT = httpx.Timeout(20.0, connect=5.0)
"""Seconds. The first is for each silence, not for the whole, which has a limit of its own."""

MOST_ADDRESSES = 3
MOST_CONNECTIONS = 500
"""More than all who use them begin at once: those limit themselves, and mustn't wait for each other."""


class OutsideError(Exception):
    """See the tree at the top. Never raised itself."""


class PlaceForbidden(OutsideError):  # noqa: N818 - says what happened, not that it is an error
    """Don't try it again: no second look makes it better, unless the name leads elsewhere by then."""


class PlaceUnreachable(OutsideError):  # noqa: N818 - says what happened, not that it is an error
    """Trying later is worth while."""


def outside_http_client() -> httpx.AsyncClient:
    """Connections to the outside; the caller closes it.

    Past any proxy, since the address that was checked is the one that is connected to. No connection is used twice:
    it would be known by its address only, and the next link to this address may be another host's.
    """
    return httpx.AsyncClient(
        timeout=TIMEOUT,
        limits=httpx.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=0),
        follow_redirects=False,
        trust_env=False,
    )


class OutsideHttp:
    """``http``: such as ``outside_http_client``."""

    def __init__(self, http: httpx.AsyncClient, *, resolve: Resolve = resolve_by_system) -> None:
        self._http = http
        self._resolve = resolve

    async def send(
        self,
        method: str,
        link: str,
        *,
        deadline: float,
        trusted_origin: str | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        """The answer of the first of the link's addresses that can be connected to, of which nothing is read yet.

        Whoever gets it closes it. Redirects are answers like any other.

        Args:
            method: Such as GET.
            link: Where to.
            deadline: By the monotonic clock; the answer's head is there by then, or ``PlaceUnreachable`` is raised.
            trusted_origin: Scheme, host and port for which anything goes.
            headers: Besides ``Host`` and ``Accept-Encoding``.
            content: The body.

        Raises:
            OutsideError: there is no answer; the subclass says what that means.
        """
        addresses = await self._safe(link, trusted_origin, deadline)
        msg = ""
        for address in addresses[:MOST_ADDRESSES]:
            request = self._request(method, httpx.URL(link), address, headers, content)
            try:
                async with asyncio.timeout(deadline - time.monotonic()):
                    return await self._http.send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                msg = f"the place the link leads to can't be connected to ({type(error).__name__})"
            except (httpx.HTTPError, TimeoutError) as error:
                msg = f"the place the link leads to doesn't answer ({type(error).__name__})"
                break
        # Raised here, so that no error drags the request along, which holds the link.
        raise PlaceUnreachable(msg)

    async def _safe(self, link: str, trusted_origin: str | None, deadline: float) -> Sequence[str]:
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                return await safe_addresses(link, trusted_origin, self._resolve)
        except OSError as error:
            msg = f"the host of the link isn't known ({type(error).__name__})"
            problem: type[OutsideError] = PlaceUnreachable
        except ValueError as error:
            msg, problem = str(error), PlaceForbidden
        raise problem(msg)

    def _request(
        self, method: str, link: httpx.URL, address: str, headers: Mapping[str, str] | None, content: bytes | None
    ) -> httpx.Request:
        """Sent to the address; the certificate is checked for the host of the link."""
        return self._http.build_request(
            method,
            link.copy_with(host=address, fragment=None),
            headers={"Host": link.netloc.decode("ascii"), "Accept-Encoding": "identity", **(headers or {})},
            content=content,
            extensions={"sni_hostname": link.raw_host.decode("ascii")},
        )
