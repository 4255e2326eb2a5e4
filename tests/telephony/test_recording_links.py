"""Links from outside: where they may lead, and what may come from there, over a network that a test makes up."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import httpx
import pytest

from telephony.link_addresses import is_public
from telephony.outside_http import outside_http_client
from telephony.recording_links import (
    Limits,
    LinkDead,
    LinkForbidden,
    NoRecording,
    RecordingError,
    RecordingLinks,
    RecordingTooLarge,
    RecordingUnreachable,
)

LINK = "https://recordings.example.com/1.wav?signature=secret"
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(1000)
PUBLIC = "93.184.215.14"

Handler = Callable[[httpx.Request], httpx.Response]


def says(content: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
    async def pieces() -> AsyncIterator[bytes]:
        yield content

    return httpx.Response(200, content=pieces(), headers=headers)


def wav(request: httpx.Request) -> httpx.Response:
    del request
    return says(WAV, {"Content-Type": "text/html"})


@asynccontextmanager
async def links(
    handler: Handler, *addresses: str, limits: Limits | None = None, hosts: dict[str, Sequence[str]] | None = None
) -> AsyncIterator[RecordingLinks]:
    """Every host has these addresses, but for those that are named."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        del port
        return (hosts or {}).get(host, addresses or [PUBLIC])

    async with httpx.AsyncClient(transport=httpx.MockTransport(handler)) as http:
        yield RecordingLinks(http, limits=limits, resolve=resolve)


async def fetched(links: RecordingLinks, link: str = LINK, trusted_origin: str | None = None) -> bytes:
    async with links.open(link, trusted_origin=trusted_origin) as recording:
        return b"".join([piece async for piece in recording.pieces()])


async def test_all_of_it_is_read_and_its_kind_is_told_by_how_it_begins() -> None:
    async with links(wav) as some, some.open(LINK) as recording:
        assert recording.media_type == "audio/wav"
        assert b"".join([piece async for piece in recording.pieces()]) == WAV


async def test_the_address_that_was_checked_is_connected_to_in_the_name_of_the_host() -> None:
    asked: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return wav(request)

    async with links(handler) as some:
        await fetched(some, "https://recordings.example.com:8443/1.wav?signature=secret#part")
    (request,) = asked
    assert str(request.url) == f"https://{PUBLIC}:8443/1.wav?signature=secret"
    assert request.headers["Host"] == "recordings.example.com:8443"
    assert request.extensions["sni_hostname"] == "recordings.example.com"
    assert request.headers["Accept-Encoding"] == "identity"


async def test_a_host_with_several_addresses_is_reached_at_the_next_if_the_first_is_dead() -> None:
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        if len(asked) == 1:
            raise httpx.ConnectError("no route to host")
        return wav(request)

    async with links(handler, "2606:2800:21f:cb07:6820:80da:af6b:8b2c", PUBLIC) as some:
        assert await fetched(some) == WAV
    assert asked == ["2606:2800:21f:cb07:6820:80da:af6b:8b2c", PUBLIC]


@pytest.mark.parametrize(
    ("link", "addresses"),
    [
        pytest.param("http://recordings.example.com/1.wav", [PUBLIC], id="not-encrypted"),
        pytest.param("https://user:password@recordings.example.com/1.wav", [PUBLIC], id="credentials"),
        pytest.param("https://recordings.example.com/1.wav", ["127.0.0.1"], id="this-machine"),
        pytest.param("https://recordings.example.com/1.wav", ["10.1.2.3"], id="a-private-network"),
        pytest.param("https://recordings.example.com/1.wav", ["169.254.169.254"], id="a-clouds-own-answers"),
        pytest.param("https://recordings.example.com/1.wav", [PUBLIC, "::1"], id="this-machine-among-others"),
        pytest.param("https://recordings.example.com/1.wav", ["::ffff:10.0.0.1"], id="mapped"),
        pytest.param("https://recordings.example.com/1.wav", ["fe80::1%eth0"], id="scoped"),
        pytest.param("file:///etc/passwd", [PUBLIC], id="a-file"),
        pytest.param("ftp://recordings.example.com/1.wav", [PUBLIC], id="another-scheme"),
        pytest.param("https:///1.wav", [PUBLIC], id="no-host"),
        pytest.param("https://host:port/1.wav", [PUBLIC], id="no-address-at-all"),
    ],
)
async def test_nothing_is_sent_where_no_provider_keeps_recordings(link: str, addresses: Sequence[str]) -> None:
    asked: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return wav(request)

    async with links(handler, *addresses) as some:
        with pytest.raises(LinkForbidden):
            await fetched(some, link)
        with pytest.raises(LinkForbidden):
            await fetched(some, link, "http://127.0.0.1:8100")
    assert asked == []


@pytest.mark.parametrize(
    ("address", "public"),
    [
        *((address, True) for address in (PUBLIC, "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c")),
        *((address, False) for address in ("0.0.0.0", "127.8.8.8", "172.16.0.1", "192.168.1.1", "100.64.0.1")),
        *((address, False) for address in ("224.0.0.1", "255.255.255.255", "198.18.0.1", "::", "::1", "fc00::1")),
        *((address, False) for address in ("::7f00:1", "::ffff:0:7f00:1", "fec0::1", "5f00::1", "4000::1")),
        *((address, False) for address in ("64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::", "ff02::1", "")),
    ],
)
def test_only_the_internet_at_large_is_public(address: str, *, public: bool) -> None:
    assert is_public(address) == public


async def test_the_providers_own_address_may_be_anywhere_and_only_that() -> None:
    origin = "http://127.0.0.1:8100"
    async with links(wav, "127.0.0.1") as some:
        assert await fetched(some, f"{origin}/recordings/1.wav", origin) == WAV
        assert await fetched(some, f"{origin}/recordings/1.wav", f"{origin}/api") == WAV
        for other in ("http://127.0.0.1:8101/1.wav", "https://127.0.0.1:8100/1.wav", "http://localhost:8100/1.wav"):
            with pytest.raises(LinkForbidden):
                await fetched(some, other, origin)


async def test_a_redirect_is_followed_if_each_step_may_be() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if request.headers["Host"] == "recordings.example.com":
            return httpx.Response(302, headers={"Location": "https://other.example.com/2.wav"})
        assert request.url.path == "/2.wav"
        return wav(request)

    async with links(handler) as some:
        assert await fetched(some) == WAV
    async with links(handler, hosts={"other.example.com": ["192.168.0.1"]}) as some:
        with pytest.raises(LinkForbidden):
            await fetched(some)


@pytest.mark.parametrize(
    ("location", "error"),
    [
        pytest.param("http://127.0.0.1/", LinkForbidden, id="this-machine"),
        pytest.param("https://host:port/", RecordingUnreachable, id="no-address"),
        pytest.param("/1.wav", RecordingUnreachable, id="for-ever"),
    ],
)
async def test_a_redirect_leads_nowhere_a_link_may_not(location: str, error: type[RecordingError]) -> None:
    asked: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(302, headers={"Location": location})

    async with links(handler) as some:
        with pytest.raises(error):
            await fetched(some, trusted_origin="http://127.0.0.1:8100")
    assert len(asked) <= 4


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        *(pytest.param(httpx.Response(status), LinkDead, id=str(status)) for status in (400, 401, 403, 404, 410)),
        *(
            pytest.param(httpx.Response(status), RecordingUnreachable, id=str(status))
            for status in (206, 204, 304, 408, 429, 500, 503)
        ),
        pytest.param(says(b""), NoRecording, id="empty"),
        pytest.param(says(b"<html>Please sign in</html>"), NoRecording, id="a-page"),
        pytest.param(says(WAV, {"Content-Length": str(10**12)}), RecordingTooLarge, id="huge"),
    ],
)
async def test_what_is_answered_says_what_to_do_next(answer: httpx.Response, error: type[RecordingError]) -> None:
    async with links(lambda _: answer) as some:
        with pytest.raises(error):
            await fetched(some)


async def test_what_was_compressed_is_not_unpacked() -> None:
    async with links(lambda _: says(b"\x1f\x8b", {"Content-Encoding": "gzip"})) as some:
        with pytest.raises(NoRecording):
            await fetched(some)


async def test_an_endless_body_is_read_no_further_than_a_recording_goes() -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield WAV
        while True:
            sent += 1000
            yield bytes(1000)

    async with links(lambda _: httpx.Response(200, content=endless()), limits=Limits(size_bytes=10_000)) as some:
        with pytest.raises(RecordingTooLarge):
            await fetched(some)
    assert sent <= 10_000


async def test_no_error_holds_the_link() -> None:
    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("broken", request=request)

    handlers: list[Handler] = [broken, lambda _: httpx.Response(403), lambda _: says(b"a page")]
    for handler in handlers:
        async with links(handler) as some:
            with pytest.raises(RecordingError) as caught:
                await fetched(some)
        error: BaseException | None = caught.value
        while error is not None:
            assert "secret" not in f"{error!r}{error}{vars(error)}"
            error = error.__cause__ or error.__context__


async def test_a_name_that_no_host_can_have_is_known_to_nobody() -> None:
    async with outside_http_client() as http:
        with pytest.raises(RecordingUnreachable):
            await fetched(RecordingLinks(http), f"https://{'a' * 64}.example.com/1.wav")


async def test_a_host_that_nobody_knows_is_asked_for_again_later() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        raise OSError(f"{host}:{port} isn't known")

    async with outside_http_client() as http:
        with pytest.raises(RecordingUnreachable) as caught:
            await fetched(RecordingLinks(http, resolve=resolve))
    assert "example" not in str(caught.value)
