"""What real connections do with recordings: bodies that lie or never end, certificates, and an unusual address."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from telephony.outside_http import outside_http_client
from telephony.recording_links import (
    Limits,
    LinkForbidden,
    RecordingLinks,
    RecordingTooLarge,
    RecordingUnreachable,
)

WAV = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(1000)
HOST = "recordings.example.com"

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(answer: Answer, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Reads one request per connection, answers it and closes when the client does; yields its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await answer(writer)
            await reader.read()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls) as listening:
        port: int = listening.sockets[0].getsockname()[1]
        yield port


async def fetched(http: httpx.AsyncClient, origin: str, limits: Limits | None = None) -> bytes:
    async def resolve(host: str, port: int) -> Sequence[str]:
        del host, port
        return ["127.0.0.1"]

    links = RecordingLinks(http, limits=limits, resolve=resolve)
    async with links.open(f"{origin}/1.wav", trusted_origin=origin) as recording:
        return b"".join([piece async for piece in recording.pieces()])


def saying(length: int | None) -> Answer:
    """The recording under this length."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        header = b"" if length is None else b"content-length: %d\r\n" % length
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n%s\r\n%s" % (header, WAV))
        await writer.drain()
        writer.close()

    return answer


async def dripping(writer: asyncio.StreamWriter) -> None:
    """A beginning, and then nothing more, on a connection that stays."""
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + WAV)
    await writer.drain()


async def endless(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + WAV)
    while True:
        writer.write(bytes(64 * 1024))
        await writer.drain()


async def silent(writer: asyncio.StreamWriter) -> None:
    """Says nothing, on a connection that stays."""


async def test_a_length_is_taken_by_what_comes_and_never_by_what_is_said() -> None:
    async with outside_http_client() as http:
        for length in (len(WAV), None):
            async with server(saying(length)) as port:
                assert await fetched(http, f"http://127.0.0.1:{port}") == WAV
        async with server(saying(len(WAV) + 1)) as port:
            with pytest.raises(RecordingUnreachable, match="broke off"):
                await fetched(http, f"http://127.0.0.1:{port}")


async def test_what_never_ends_is_cut_off_by_size() -> None:
    async with outside_http_client() as http, server(endless) as port:
        with pytest.raises(RecordingTooLarge):
            await fetched(http, f"http://127.0.0.1:{port}", Limits(size_bytes=1_000_000))


@pytest.mark.parametrize("answer", [dripping, silent], ids=["in-the-middle", "before-it-begins"])
async def test_what_never_ends_is_cut_off_by_time(answer: Answer) -> None:
    limits = Limits(time=timedelta(seconds=0.3))
    async with outside_http_client() as http, server(answer) as port:
        with pytest.raises(RecordingUnreachable, match=r"slow|Timeout"):
            await fetched(http, f"http://127.0.0.1:{port}", limits)


@pytest.mark.parametrize("host", ["2130706433", "127.1", "0x7f.1", "localhost"])
async def test_this_machine_is_known_in_every_writing(host: str) -> None:
    async with outside_http_client() as http:
        with pytest.raises(LinkForbidden):
            async with RecordingLinks(http).open(f"https://{host}/1.wav"):
                pass


def certificate(folder: Path, host: str) -> tuple[Path, ssl.SSLContext]:
    """A certificate for this host that signs itself, as a file, and a server that shows it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{host}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return file, context


async def test_the_certificate_must_be_the_hosts_although_its_address_is_connected_to(tmp_path: Path) -> None:
    for shown, is_good in ((HOST, True), ("elsewhere.example.com", False)):
        file, tls = certificate(tmp_path, shown)
        trusting = httpx.AsyncClient(verify=ssl.create_default_context(cafile=str(file)), trust_env=False)
        async with trusting as http, server(saying(len(WAV)), tls) as port:
            if is_good:
                assert await fetched(http, f"https://{HOST}:{port}") == WAV
                continue
            with pytest.raises(RecordingUnreachable):
                await fetched(http, f"https://{HOST}:{port}")
