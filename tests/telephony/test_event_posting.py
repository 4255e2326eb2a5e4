"""Events over real connections: how much is read of an answer, how long it may take, and where nothing is sent."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from telephony.event_posting import KEPT_BYTES, EventPosting, Posted
from telephony.link_addresses import check_written, loopback_origin
from telephony.outside_http import OutsideHttp, PlaceForbidden, PlaceUnreachable, outside_http_client

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]
BODY = b'{"type":"ping"}'
SHORT = timedelta(seconds=0.3)


@asynccontextmanager
async def receiver(answer: Answer, got: list[bytes] | None = None) -> AsyncIterator[str]:
    """Reads one request of this body for each connection and answers it; yields its address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            (got if got is not None else []).append(head + await reader.readexactly(len(BODY)))
            await answer(writer)
            await reader.read()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/hook"


def says(head: bytes, content: bytes = b"") -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        length = b"content-length: %d" % len(content)
        writer.write(b"HTTP/1.1 %s\r\n%s\r\n\r\n%s" % (head, length, content))
        await writer.drain()

    return answer


async def endless(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"x" * 64 * 1024)
        await writer.drain()


async def dripping(writer: asyncio.StreamWriter) -> None:
    """A beginning, and then nothing more, on a connection that stays."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nthanks")
    await writer.drain()


async def silent(writer: asyncio.StreamWriter) -> None:
    """Says nothing, on a connection that stays."""


async def post(url: str, *, longest: timedelta = timedelta(seconds=15), trusted: bool = True) -> Posted:
    async with outside_http_client() as http:
        posting = EventPosting(OutsideHttp(http), longest=longest)
        origin = loopback_origin(url) if trusted else None
        return await posting.post(url, BODY, {"webhook-id": "msg_1"}, trusted_origin=origin)


async def test_what_is_sent_arrives_and_what_is_answered_is_kept() -> None:
    got: list[bytes] = []
    async with receiver(says(b"202 Accepted", b"thanks"), got) as url:
        assert await post(url) == Posted(202, "thanks")
    (request,) = got
    assert request.startswith(b"POST /hook HTTP/1.1\r\n")
    assert b"webhook-id: msg_1\r\n" in request
    assert request.endswith(BODY)


async def test_no_more_is_read_than_is_kept() -> None:
    async with receiver(endless) as url:
        assert await post(url) == Posted(200, "x" * KEPT_BYTES)


async def test_an_answer_that_breaks_off_was_given_all_the_same() -> None:
    async with receiver(dripping) as url:
        assert await post(url, longest=SHORT) == Posted(200, "thanks")


async def test_whoever_says_nothing_in_time_did_not_answer() -> None:
    async with receiver(silent) as url:
        with pytest.raises(PlaceUnreachable, match="doesn't answer"):
            await post(url, longest=SHORT)


async def test_a_redirect_is_an_answer() -> None:
    async with receiver(says(b"302 Found\r\nlocation: http://127.0.0.1:1/")) as url:
        assert (await post(url)).status_code == 302


async def test_bytes_that_are_no_text_can_be_stored() -> None:
    async with receiver(says(b"500 Oops", b"\x00\xff")) as url:
        assert "\x00" not in (await post(url)).response


async def test_nothing_is_sent_to_this_machine_unless_it_is_trusted() -> None:
    got: list[bytes] = []
    async with receiver(says(b"200 OK"), got) as url:
        for forbidden in (url, url.replace("http:", "https:")):
            with pytest.raises(PlaceForbidden):
                await post(forbidden, trusted=False)
    assert got == []


@pytest.mark.parametrize(
    ("link", "where", "elsewhere"),
    [
        pytest.param("https://crm.example.com/hook", True, True, id="the-open-internet"),
        pytest.param("https://crm.example.com:8443/hook", True, True, id="another-port"),
        pytest.param("http://crm.example.com/hook", False, False, id="unencrypted"),
        pytest.param("http://127.0.0.1:9000/hook", True, False, id="this-machine"),
        pytest.param("http://localhost/hook", True, False, id="this-machine-by-name"),
        pytest.param("https://[::1]/hook", True, False, id="this-machine-in-ipv6"),
        pytest.param("http://10.0.0.1/hook", False, False, id="private-unencrypted"),
        pytest.param("https://10.0.0.1/hook", False, False, id="private"),
        pytest.param("https://169.254.169.254/latest", False, False, id="what-clouds-tell"),
        pytest.param("https://[::ffff:10.0.0.1]/hook", False, False, id="ipv4-in-ipv6"),
        pytest.param("https://[fe80::1]/hook", False, False, id="link-local"),
        pytest.param("https://ann:secret@crm.example.com/", False, False, id="with-a-password"),
        pytest.param("ftp://crm.example.com/", False, False, id="no-web-address"),
        pytest.param("crm.example.com", False, False, id="no-scheme"),
        pytest.param("https://", False, False, id="no-host"),
        pytest.param("https://crm.example.com:99999/", False, False, id="no-port"),
        pytest.param("\x00", False, False, id="nothing-at-all"),
    ],
)
def test_which_addresses_are_taken_where_things_are_tried_out_and_elsewhere(
    link: str, where: bool, elsewhere: bool
) -> None:
    assert (_is_taken(link, allows_loopback=True), _is_taken(link, allows_loopback=False)) == (where, elsewhere)


def _is_taken(link: str, *, allows_loopback: bool) -> bool:
    try:
        check_written(link, allows_loopback=allows_loopback)
    except ValueError:
        return False
    return True
