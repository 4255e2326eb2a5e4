"""The API as a process of its own."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import httpx
import pytest

from tests.patience import PATIENCE_SECONDS

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def answered(port: int) -> httpx.Response:
    async with httpx.AsyncClient() as client, asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                return await client.get(f"http://127.0.0.1:{port}/healthz")
            except httpx.TransportError:
                continue


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
async def test_the_process_answers_and_ends_with_status_0(
    api_database_url: str, closed_port: int, tmp_path: Path, stop: signal.Signals
) -> None:
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": api_database_url,
        "LEADLINE_HOME": str(tmp_path),
        "LEADLINE_PORT": str(port),
        "TEMPORAL_ADDRESS": f"127.0.0.1:{closed_port}",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "api", cwd=ROOT, env=environment, stderr=asyncio.subprocess.PIPE
    )
    try:
        assert (await answered(port)).status_code == 200
        process.send_signal(stop)
        _, errors = await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0
    assert b"Traceback" not in errors
    assert (tmp_path / "jwt_secret").stat().st_mode & 0o077 == 0


async def test_an_impossible_setting_is_one_line(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "api",
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "LEADLINE_PORTS": "1"},
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await process.communicate()
    assert process.returncode == 2
    assert len(errors.splitlines()) == 1
