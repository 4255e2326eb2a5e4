"""How the figures of an import stand beside their goals, and what the file has in it."""

import csv
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.asked import Asked
from benchmarks.importing.findings import MEBIBYTE, Findings, report
from benchmarks.importing.memory import Memory, resident_bytes
from benchmarks.importing.rows import as_bodies, made_up_rows, write_file
from benchmarks.importing.scale import FULL, SHORT, Scale, chosen
from domain.phone_numbers import to_e164

FOUND = Findings(
    rows=100_000,
    file_bytes=9 * MEBIBYTE,
    upload_seconds=1.0,
    whole_seconds=40.0,
    rivals_rows=10_000,
    rival_seconds=8.0,
    api_peak=150 * MEBIBYTE,
    api_grown=10 * MEBIBYTE,
    worker_peak=180 * MEBIBYTE,
    worker_grown=30 * MEBIBYTE,
)


@pytest.mark.parametrize(
    ("found", "met"),
    [
        pytest.param(FOUND, [True, True, True], id="all-met"),
        pytest.param(replace(FOUND, whole_seconds=60.1), [False, True, True], id="too-slow"),
        pytest.param(replace(FOUND, api_grown=101 * MEBIBYTE), [True, False, True], id="an-api-that-grows"),
        pytest.param(replace(FOUND, worker_grown=101 * MEBIBYTE), [True, True, False], id="a-worker-that-grows"),
    ],
)
def test_each_line_says_whether_its_goal_is_met(found: Findings, met: list[bool]) -> None:
    assert [line.met for line in report(found).lines] == met


def test_the_figures_are_in_the_report() -> None:
    shown = report(FOUND)
    assert (shown.figures["rows_per_second"], shown.figures["rival_rows_per_second"]) == (2_500, 1_250)
    assert shown.lines[0].measured == "2,500 a second"


def test_every_lead_has_a_number_of_its_own_that_can_be_called() -> None:
    numbers = [to_e164(row[0]) for row in made_up_rows(3_000)]
    assert len(set(numbers)) == 3_000


def test_the_file_and_the_requests_bring_the_same_leads(tmp_path: Path) -> None:
    size = write_file(tmp_path / "leads.csv", 10)
    assert size == (tmp_path / "leads.csv").stat().st_size
    rows = list(csv.DictReader((tmp_path / "leads.csv").read_text().splitlines()))
    bodies = as_bodies(list(made_up_rows(10)), "c")
    assert [row["Phone"] for row in rows] == [body["phone_number"] for body in bodies]
    assert [row["Company"] for row in rows] == [body["custom_fields"]["Company"] for body in bodies]


@pytest.mark.parametrize(
    ("asked", "scale"),
    [
        pytest.param(Asked(), FULL, id="full"),
        pytest.param(Asked(short=True), SHORT, id="short"),
        pytest.param(Asked(leads=50), Scale(50), id="so-many"),
    ],
)
def test_the_scale_is_what_was_asked_for(asked: Asked, scale: Scale) -> None:
    assert chosen(asked) == scale


def test_memory_is_that_of_the_processes_that_were_written_down(tmp_path: Path) -> None:
    processes = tmp_path / "processes.json"
    processes.write_text(json.dumps([{"name": name, "pid": os.getpid()} for name in ("api", "worker", "postgres")]))
    memory = Memory(processes)
    assert set(memory.before) == {"api", "worker"}
    held = bytearray(os.urandom(1)) * (64 * MEBIBYTE)
    memory.look()
    assert memory.grown("worker") > 32 * MEBIBYTE
    del held
    assert resident_bytes(2**22 + 1) == 0
