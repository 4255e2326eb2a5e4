"""Parts are started in order, watched, started again after a crash and stopped in reverse; with small real programs."""

import asyncio
import ctypes
import json
import os
import platform
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from runtime.embedded.control_group import ControlGroup
from runtime.embedded.errors import PartFailed
from runtime.embedded.part import Part
from runtime.embedded.process_records import ProcessRecords
from runtime.embedded.short_turns import TURN_NANOSECONDS
from runtime.embedded.supervisor import Supervisor
from tests.patience import PATIENCE_SECONDS


def turn_of(pid: int) -> int:
    """How many nanoseconds a turn of this process is; 0 where the kernel doesn't tell."""
    system_call = {"x86_64": 315, "aarch64": 275}.get(platform.machine())
    if sys.platform != "linux" or system_call is None:
        return 0
    told = ctypes.create_string_buffer(48)
    ctypes.CDLL(None).syscall(ctypes.c_long(system_call), ctypes.c_int(pid), told, ctypes.c_uint(48), ctypes.c_uint(0))
    return int.from_bytes(told.raw[24:32], sys.byteorder)


# Notes its start and its end in a common file, and stays until it is asked to go.
SERVER = """
import pathlib, signal, sys
name, diary = sys.argv[1], open(sys.argv[2], "a", buffering=1)
def leave(*_):
    diary.write(f"{name} stopped\\n"); sys.exit(0)
signal.signal(signal.SIGTERM, leave)
diary.write(f"{name} started\\n")
pathlib.Path(sys.argv[2] + "." + name).touch()
while True: signal.pause()
"""


class Bench:
    """Builds parts and supervisors in one folder, and remembers what was said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.diary = folder / "diary"
        self.said: list[str] = []
        self.heard = asyncio.Event()
        self.supervisor: Supervisor | None = None

    def server(self, name: str, after: Sequence[str] = (), code: str = SERVER) -> Part:
        mark = Path(f"{self.diary}.{name}")

        async def ready() -> bool:
            return mark.exists()  # noqa: ASYNC240 - a look at a local file

        return Part(
            name=name,
            title=name.capitalize(),
            argv=[sys.executable, "-c", code, name, str(self.diary)],
            env={},
            cwd=self.folder,
            after=after,
            ready=ready,
            before_start=lambda: mark.unlink(missing_ok=True),
            start_timeout_seconds=10.0,
            stop_timeout_seconds=5.0,
        )

    def job(self, name: str, code: str, after: Sequence[str] = ()) -> Part:
        return replace(self.server(name, after, code), ready=None, before_start=None, done_words="done")

    def say(self, line: str) -> None:
        self.said.append(line)
        self.heard.set()

    async def start(self, *parts: Part, group: ControlGroup | None = None) -> Supervisor:
        records = ProcessRecords(self.folder / "processes.json")
        self.supervisor = Supervisor(parts, logs=self.folder, records=records, say=self.say, group=group)
        await self.supervisor.start()
        return self.supervisor

    async def until_said(self, wanted: Callable[[str], bool]) -> str:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                for line in self.said:
                    if wanted(line):
                        return line
                self.heard.clear()
                await self.heard.wait()

    def written(self) -> list[str]:
        return self.diary.read_text().splitlines()


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_so():  # noqa: ASYNC110 - a process sets no event here
            await asyncio.sleep(0.01)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    if bench.supervisor is not None:
        await bench.supervisor.stop()


async def test_parts_start_after_what_they_need_and_stop_before_it(bench: Bench) -> None:
    noted = bench.job("schema", "import sys; open(sys.argv[2], 'a').write('schema done\\n')", ["database"])
    supervisor = await bench.start(bench.server("api", ["schema"]), noted, bench.server("database"))
    await supervisor.stop()
    assert bench.written() == ["database started", "schema done", "api started", "api stopped", "database stopped"]
    assert supervisor.pid("api") is None


async def test_a_part_that_crashes_is_started_again(bench: Bench) -> None:
    supervisor = await bench.start(bench.server("worker"))
    first = supervisor.pid("worker")
    assert first is not None
    os.kill(first, signal.SIGKILL)
    said = await bench.until_said(lambda line: "starting it again" in line)
    await bench.until_said(lambda line: line == "Worker runs again")
    assert "Worker was ended by SIGKILL" in said
    assert supervisor.pid("worker") not in {first, None}


async def test_a_part_that_dies_while_the_others_stop_is_not_started_again(bench: Bench) -> None:
    stays = SERVER.replace('stopped\\n"); sys.exit(0)', 'was asked\\n")')
    supervisor = await bench.start(bench.server("database"), bench.server("api", ["database"], stays))
    stopping = asyncio.create_task(supervisor.stop())
    await until(lambda: "api was asked" in bench.written())
    os.kill(supervisor.pid("database") or 0, signal.SIGKILL)
    await until(lambda: supervisor.pid("database") is None)
    supervisor.kill()
    await stopping
    assert [line for line in bench.said if "starting it again" in line] == []
    assert bench.written() == ["database started", "api started", "api was asked"]


async def test_what_is_killed_at_once_is_not_started_again(bench: Bench) -> None:
    supervisor = await bench.start(bench.server("database"), bench.server("api"))
    supervisor.kill()
    await until(lambda: (supervisor.pid("database"), supervisor.pid("api")) == (None, None))
    await supervisor.stop()
    assert [line for line in bench.said if "starting it again" in line] == []
    assert json.loads((bench.folder / "processes.json").read_text()) == []


async def test_a_part_that_cannot_start_shows_the_end_of_its_log_and_the_others_are_stopped(bench: Bench) -> None:
    broken = bench.server("api", ["database"], "raise SystemExit('the port of my dreams is taken')")
    with pytest.raises(PartFailed, match=r"Api ended with status 1.*\n.*port of my dreams"):
        await bench.start(bench.server("database"), broken)
    assert bench.supervisor is not None
    await bench.supervisor.stop()
    assert bench.written() == ["database started", "database stopped"]


async def test_a_part_that_never_becomes_ready_is_given_up(bench: Bench) -> None:
    silent = replace(bench.server("api", (), "import signal; signal.pause()"), start_timeout_seconds=0.2)
    with pytest.raises(PartFailed, match="not ready within"):
        await bench.start(silent)
    assert bench.supervisor is not None
    assert bench.supervisor.pid("api") is None


async def test_a_job_that_fails_stops_the_start(bench: Bench) -> None:
    with pytest.raises(PartFailed, match="Schema ended with status 3"):
        await bench.start(bench.job("schema", "raise SystemExit(3)"), bench.server("api", ["schema"]))
    assert not bench.diary.exists()


async def test_a_part_that_ignores_the_signal_is_killed(bench: Bench) -> None:
    deaf = SERVER.replace("signal.signal(signal.SIGTERM, leave)", "signal.signal(signal.SIGTERM, signal.SIG_IGN)")
    supervisor = await bench.start(replace(bench.server("api", (), deaf), stop_timeout_seconds=0.2))
    await supervisor.stop()
    assert "is killed" in bench.said[-1]
    assert supervisor.pid("api") is None


async def test_a_start_that_is_cancelled_leaves_nothing_behind(bench: Bench) -> None:
    never = bench.server("api", ["database"], "import signal; signal.pause()")
    starting = asyncio.create_task(bench.start(bench.server("database"), never))
    await bench.until_said(lambda line: line.startswith("Database ready"))
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert bench.supervisor is not None
    await bench.supervisor.stop()
    assert (bench.supervisor.pid("database"), bench.supervisor.pid("api")) == (None, None)


async def test_a_large_log_is_set_aside_at_the_start(bench: Bench) -> None:
    (bench.folder / "api.log").write_bytes(b"x" * 5_000_001)
    await bench.start(bench.server("api"))
    assert (bench.folder / "api.log.1").stat().st_size == 5_000_001
    assert (bench.folder / "api.log").stat().st_size == 0


def rank(pid: int | None) -> tuple[int, int]:
    """How it is scheduled; the same for two processes of which none stands back."""
    assert pid is not None
    policy = os.sched_getscheduler(pid) if sys.platform == "linux" else 0
    return policy, os.getpriority(os.PRIO_PROCESS, pid)


async def test_a_part_stands_back_where_it_shall_and_no_other_does(bench: Bench) -> None:
    supervisor = await bench.start(bench.server("api"), replace(bench.server("worker"), stands_back=True))
    assert rank(supervisor.pid("api")) == rank(os.getpid()) != rank(supervisor.pid("worker"))


async def test_in_a_control_group_parts_share_cores_and_who_stands_back_gets_the_rest(
    group: ControlGroup, bench: Bench
) -> None:
    worker = replace(bench.server("worker"), stands_back=True)
    supervisor = await bench.start(bench.server("api"), worker, group=group)
    assert (group.front / "cgroup.procs").read_text().split() == [str(supervisor.pid("api"))]
    assert (group.rest / "cgroup.procs").read_text().split() == [str(supervisor.pid("worker"))]
    assert rank(supervisor.pid("worker")) == rank(os.getpid())


async def test_a_part_that_crashed_stands_back_again(group: ControlGroup, bench: Bench) -> None:
    supervisor = await bench.start(replace(bench.server("worker"), stands_back=True), group=group)
    os.kill(supervisor.pid("worker") or 0, signal.SIGKILL)
    await bench.until_said(lambda line: line == "Worker runs again")
    assert (group.rest / "cgroup.procs").read_text().split() == [str(supervisor.pid("worker"))]


async def test_who_cannot_go_into_a_control_group_stands_back_all_the_same(bench: Bench, tmp_path: Path) -> None:
    nowhere = ControlGroup(tmp_path / "missing")
    supervisor = await bench.start(replace(bench.server("worker"), stands_back=True), group=nowhere)
    assert rank(supervisor.pid("worker")) != rank(os.getpid())


@pytest.mark.skipif(not turn_of(os.getpid()), reason="this system tells nothing of turns")
async def test_a_part_that_is_waited_for_has_short_turns(bench: Bench) -> None:
    supervisor = await bench.start(replace(bench.server("api"), is_waited_for=True), bench.server("worker"))
    turns = {name: turn_of(supervisor.pid(name) or 0) for name in ("api", "worker")}
    assert turns == {"api": TURN_NANOSECONDS, "worker": turn_of(os.getpid())}
    assert turn_of(os.getpid()) > TURN_NANOSECONDS


async def test_a_part_stands_back_only_once_it_is_up(bench: Bench) -> None:
    part, ranks = bench.server("worker"), []

    async def ready() -> bool:
        assert bench.supervisor is not None
        assert part.ready is not None
        ranks.append(rank(bench.supervisor.pid("worker")))
        return await part.ready()

    supervisor = await bench.start(replace(part, stands_back=True, ready=ready))
    assert set(ranks) == {rank(os.getpid())} != {rank(supervisor.pid("worker"))}
