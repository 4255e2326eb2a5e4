"""Who stands back is watched, and starves only where it wanted a core for long and had next to nothing of one."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from runtime.embedded.control_group import ControlGroup
from runtime.embedded.hunger import FED_SECONDS, LOOK_SECONDS, LOOKS_UNTIL_FED, Used, is_starving, keep_from_starving
from tests.patience import PATIENCE_SECONDS

NOTHING = Used(0.0, 0.0)
COMPUTES = "print(flush=True)\nwhile True: pass"


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ({}, False),
        ({1: NOTHING}, False),
        ({1: Used(0.0, 0.9)}, True),
        ({1: Used(0.1, 0.9)}, True),
        ({1: Used(0.2, 0.8)}, False),
        ({1: Used(0.0, 0.4)}, False),
        ({1: Used(0.0, 0.3), 2: Used(0.05, 0.3)}, True),
        ({1: Used(0.0, 0.9), 2: Used(0.7, 0.0)}, False),
        ({3: Used(0.0, 60.0)}, False),
        ({4: Used(3.0, 2.0, wants=True)}, True),
        ({4: Used(3.0, 2.0, wants=False)}, False),
        ({4: Used(3.0, 2.0, wants=True), 1: Used(0.5, 0.0)}, False),
    ],
    ids=[
        "nobody-is-there",
        "nothing-to-do",
        "waited-only",
        "had-a-little",
        "had-its-part",
        "hardly-waited",
        "several-together",
        "another-thread-ran",
        "a-thread-that-is-new",
        "waits-without-end",
        "waits-no-more",
        "waits-while-another-ran",
    ],
)
def test_it_starves_who_waited_and_had_next_to_nothing(after: dict[int, Used], *, expected: bool) -> None:
    before = {1: NOTHING, 2: NOTHING, 4: Used(3.0, 2.0, wants=True)}
    assert is_starving(before, after, 1.0) is expected


def test_looks_of_any_length_are_judged_alike() -> None:
    assert is_starving({1: NOTHING}, {1: Used(0.5, 4.0)}, 5.0)
    assert not is_starving({1: NOTHING}, {1: Used(0.5, 0.4)}, 1.0)


@contextmanager
def computing() -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-c", COMPUTES], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
    finally:
        process.kill()
        process.communicate()


async def until(group: ControlGroup, idle: str) -> None:
    async with asyncio.timeout(LOOK_SECONDS * LOOKS_UNTIL_FED + FED_SECONDS + PATIENCE_SECONDS):
        while (group.rest / "cpu.idle").read_text().strip() != idle:  # noqa: ASYNC110 - a group sets no event
            await asyncio.sleep(0.05)


async def test_who_starves_is_fed_for_a_while(group: ControlGroup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.embedded.hunger.LOOK_SECONDS", 0.1)
    monkeypatch.setattr("runtime.embedded.hunger.FED_SECONDS", 0.3)
    monkeypatch.setattr("runtime.embedded.hunger.is_starving", lambda *_: True)
    watch = asyncio.create_task(keep_from_starving(group))
    try:
        await until(group, "0")
        await until(group, "1")
        await until(group, "0")
        assert not watch.done()
    finally:
        watch.cancel()


async def test_it_is_seen_in_what_the_kernel_counts(group: ControlGroup) -> None:
    watch = asyncio.create_task(keep_from_starving(group))
    with computing() as starves, computing() as computes:
        core = {min(os.sched_getaffinity(0))}
        for pid in (starves, computes):
            os.sched_setaffinity(pid, core)
        group.let_in(computes)
        group.stand_back(starves)
        try:
            await until(group, "0")
            assert not watch.done()
        finally:
            watch.cancel()


async def test_the_watch_ends_where_nobody_can_be_fed(group: ControlGroup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.embedded.hunger.LOOK_SECONDS", 0.01)
    monkeypatch.setattr("runtime.embedded.hunger.is_starving", lambda *_: True)
    group.remove()
    watch = asyncio.create_task(keep_from_starving(group))
    await asyncio.wait({watch}, timeout=PATIENCE_SECONDS)
    assert watch.done()
    assert watch.exception() is None
