"""Whether a link from outside may be followed, and to which addresses.

A name may lead anywhere: to this machine, to the network it stands in, to what a cloud tells its machines about
themselves. So the addresses behind it are looked at, and no others are connected to.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpx

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""From a host and a port to its addresses. Raises OSError where nobody knows it."""

RESOLVE_SECONDS = 5.0
HIGHEST_PORT = 65_535

# Of all of IPv6 what is given out to the world so far. Source: IANA, IPv6 global unicast address assignments.
_GIVEN_OUT = IPv6Network("2000::/3")
# They carry an IPv4 address inside, which a gateway on the way may take out.
_CARRIERS = (
    IPv6Network("2002::/16"),
    IPv6Network("2001::/32"),
)


async def resolve_by_system(host: str, port: int) -> Sequence[str]:
    try:
        async with asyncio.timeout(RESOLVE_SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        msg = "no host can have this name"
        raise OSError(msg) from None
    return [str(entry[4][0]) for entry in found]


async def safe_addresses(link: str, trusted_origin: str | None, resolve: Resolve) -> Sequence[str]:
    """The addresses to connect to for a link, at least one, the best first.

    Args:
        link: Where it is said to lead.
        trusted_origin: Scheme, host and port for which anything goes.
        resolve: Tells the addresses of a host.

    Raises:
        ValueError: the link may not be followed; the message says why, and doesn't repeat it.
        OSError: its host isn't known (a timeout is one of these).
    """
    url = _parsed(link)
    host = url.raw_host.decode("ascii")
    port = url.port or (443 if url.scheme == "https" else 80)
    is_trusted = trusted_origin is not None and _origin(url) == _origin(httpx.URL(trusted_origin))
    if url.scheme != "https" and not is_trusted:
        msg = "the link isn't encrypted (https)"
        raise ValueError(msg)
    addresses = await resolve(host, port)
    if not addresses:
        msg = "the host has no address"
        raise OSError(msg)
    if not is_trusted and not all(is_public(address) for address in addresses):
        msg = "the link leads into a private network, or to this machine"
        raise ValueError(msg)
    return addresses


def is_public(address: str) -> bool:
    """Whether an address belongs to the internet at large: nobody's own network, nothing reserved, no carrier."""
    try:
        parsed: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return False  # such as one with a scope: it is only good on this machine
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        elif parsed not in _GIVEN_OUT or any(parsed in carrier for carrier in _CARRIERS):
            return False
    return parsed.is_global and not parsed.is_multicast


def check_written(link: str, *, allows_loopback: bool) -> None:
    """Whether a link may be kept to be followed one day, as far as it tells that by itself.

    A name is looked up when it is followed, each time anew.

    Raises:
        ValueError: it never may; the message says why.
    """
    url = _parsed(link)
    if allows_loopback and loopback_origin(link) is not None:
        return
    if url.scheme != "https":
        msg = "the link isn't encrypted (https)"
        raise ValueError(msg)
    if loopback_origin(link) is not None or (_is_address(url.host) and not is_public(url.host)):
        msg = "the link leads into a private network, or to this machine"
        raise ValueError(msg)


def loopback_origin(link: str) -> str | None:
    """Scheme, host and port of a link that says itself that it leads to this machine; None for any other."""
    url = httpx.URL(link)
    if url.host != "localhost" and not (_is_address(url.host) and ip_address(url.host).is_loopback):
        return None
    return f"{url.scheme}://{url.netloc.decode('ascii')}"


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _parsed(link: str) -> httpx.URL:
    try:
        url = httpx.URL(link)
    except httpx.InvalidURL:
        url = httpx.URL("")
    has_port = url.port is None or 0 < url.port <= HIGHEST_PORT
    if url.scheme not in {"https", "http"} or not url.raw_host or not has_port:
        msg = "the link is no web address"
        raise ValueError(msg)
    if url.userinfo:
        msg = "the link holds a user or a password"
        raise ValueError(msg)
    return url


def _origin(url: httpx.URL) -> tuple[str, bytes, int | None]:
    return url.scheme, url.raw_host, url.port
