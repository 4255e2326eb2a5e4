"""A program goes on in a session of its own; whoever started it sees one process that behaves as the program does."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runtime.own_session import cores_are_shared_among_sessions

PROJECT = Path(__file__).resolve().parents[2]

BEGINS = """
import os, signal, sys
from runtime.own_session import FRONT_IS_GONE, enter_own_session
front = os.getpid()
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever runs the tests may ignore it
enter_own_session()
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda number, frame: sys.exit(100 + number))
signal.signal(FRONT_IS_GONE, lambda number, frame: (print("asked to stop", flush=True), sys.exit(1)))
print(os.getpid(), os.getsid(0), front, flush=True)
"""
STAYS = BEGINS + "\nwhile True: signal.pause()"

STAYS_DEAF = STAYS.replace("SIG_DFL", "SIG_IGN").replace(
    "(signal.SIGINT, signal.SIGTERM, signal.SIGHUP)", "(signal.SIGTERM,)"
)

pytestmark = pytest.mark.skipif(not cores_are_shared_among_sessions(), reason="cores aren't shared among sessions here")


@contextmanager
def started(source: str, *, leads_a_session: bool = False) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-c", source],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=leads_a_session,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def told(process: "subprocess.Popen[str]") -> tuple[int, int, int]:
    assert process.stdout is not None
    program, session, front = map(int, process.stdout.readline().split())
    return program, session, front


def test_the_program_leads_a_session_and_what_was_started_stays_in_front() -> None:
    with started(STAYS) as process:
        program, session, front = told(process)
        assert program == session != front == process.pid
        assert os.getsid(process.pid) == os.getsid(0)


def test_one_that_leads_its_session_goes_on_as_it_is() -> None:
    with started(STAYS, leads_a_session=True) as process:
        program, session, front = told(process)
        assert program == session == front == process.pid


@pytest.mark.parametrize("status", [0, 1, 7])
def test_what_stands_in_front_ends_with_the_programs_status(status: int) -> None:
    with started(BEGINS + f"\nsys.exit({status})") as process:
        assert process.wait() == status


def test_a_program_that_a_signal_ended_looks_so_from_outside() -> None:
    with started(STAYS) as process:
        os.kill(told(process)[0], signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_are_passed_on(number: signal.Signals) -> None:
    with started(STAYS) as process:
        told(process)
        process.send_signal(number)
        assert process.wait() == 100 + number


def test_a_program_whose_front_is_killed_is_asked_to_stop() -> None:
    with started(STAYS) as process:
        told(process)
        process.kill()
        assert process.stdout is not None
        # The pipe ends with its last holder, and that is the program.
        assert process.stdout.read() == "asked to stop\n"


def test_a_hangup_that_whoever_started_it_ignores_stays_ignored() -> None:
    with started(STAYS_DEAF) as process:
        told(process)
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 100 + signal.SIGTERM


STANDS_BACK = """
import os, subprocess, sys
from runtime.embedded.standing_back import stand_back
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
stand_back(child.pid)
print(os.sched_getscheduler(child.pid) == os.SCHED_IDLE, os.getpriority(os.PRIO_PROCESS, child.pid) - os.nice(0), 0)
child.communicate(b"\\n")
"""


@pytest.mark.parametrize(
    ("leads_a_session", "rank"),
    [pytest.param(True, "True 0 0", id="among-our-own"), pytest.param(False, "False 10 0", id="among-strangers")],
)
def test_who_stands_back_gets_only_what_our_own_processes_leave(*, leads_a_session: bool, rank: str) -> None:
    with started(STANDS_BACK, leads_a_session=leads_a_session) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == rank
