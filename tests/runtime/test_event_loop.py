"""The loop of a process: uvloop's where there is one, and Python's own elsewhere."""

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]

PROGRAM = """
import asyncio, sys
if sys.argv[1] == "without":
    sys.modules["uvloop"] = None
from runtime.event_loop import run
async def main():
    return type(asyncio.get_running_loop()).__module__.partition(".")[0]
print(run(main()))
"""


@pytest.mark.parametrize(("uvloop", "loop"), [("with", "uvloop"), ("without", "asyncio")])
def test_a_process_runs_with_and_without_uvloop(uvloop: str, loop: str) -> None:
    program = [sys.executable, "-c", PROGRAM, uvloop]
    told = subprocess.run(program, cwd=PROJECT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == loop
