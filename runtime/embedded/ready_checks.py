"""How the supervisor sees that a part is able to work."""

import asyncio
from collections.abc import Sequence

from runtime.embedded.part import ReadyCheck

CHECK_SECONDS = 3.0


def http_ready(port: int, path: str, host: str = "127.0.0.1") -> ReadyCheck:
    """Ready when a GET answers 200. Never goes through a proxy, whatever the environment says."""
    request = f"GET {path} HTTP/1.0\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode()

    async def check() -> bool:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                reader, writer = await asyncio.open_connection(host, port)
                try:
                    writer.write(request)
                    status = await reader.readline()
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            return False
        return status.split()[1:2] == [b"200"]

    return check


def command_ready(argv: Sequence[str]) -> ReadyCheck:
    """Ready when a program ends with status 0."""

    async def check() -> bool:
        process = await asyncio.create_subprocess_exec(*argv)
        return await process.wait() == 0

    return check
