"""What the file took, and how that stands beside its goals."""

from dataclasses import dataclass
from typing import Any

from benchmarks.report import Line, Report

MOST_SECONDS = 60.0
GOALS_ROWS = 100_000
LEAST_PER_SECOND = GOALS_ROWS / MOST_SECONDS

MEBIBYTE = 1024 * 1024
MOST_GROWTH = 100 * MEBIBYTE


@dataclass(frozen=True, slots=True)
class Findings:
    """``upload_seconds``: until the file was answered; ``whole_seconds``: from its first byte to its last lead."""

    rows: int
    file_bytes: int
    upload_seconds: float
    whole_seconds: float
    rivals_rows: int
    rival_seconds: float
    api_peak: int
    api_grown: int
    worker_peak: int
    worker_grown: int

    @property
    def per_second(self) -> float:
        return self.rows / self.whole_seconds

    @property
    def rivals_per_second(self) -> float:
        return self.rivals_rows / self.rival_seconds


def report(found: Findings) -> Report:
    """The findings as they are shown."""
    lines = [_speed(found), _memory("API", found.api_peak, found.api_grown)]
    return Report(
        "import", [*lines, _memory("worker", found.worker_peak, found.worker_grown)], _notes(found), _figures(found)
    )


def _speed(found: Findings) -> Line:
    measured = f"{found.per_second:,.0f} a second"
    beside = f"{found.rivals_per_second:,.0f} by batches of 1,000"
    goal = f"{GOALS_ROWS:,} in {MOST_SECONDS:.0f} s"
    return Line("Rows taken in", measured, beside, goal, found.per_second >= LEAST_PER_SECOND)


def _memory(name: str, peak: int, grown: int) -> Line:
    measured, goal = f"{peak / MEBIBYTE:.0f} MiB", f"grows by {MOST_GROWTH // MEBIBYTE} MiB at most"
    return Line(f"Peak memory, {name}", measured, f"{grown / MEBIBYTE:+.0f} MiB", goal, grown <= MOST_GROWTH)


def _notes(found: Findings) -> list[str]:
    size, rival = f"{found.file_bytes / MEBIBYTE:.1f} MiB", f"{found.rival_seconds:.1f} s"
    upload, whole = f"{found.upload_seconds:.1f} s", f"{found.whole_seconds:.1f} s"
    return [
        f"{found.rows:,} rows ({size}) were in after {whole}; the upload was answered after {upload}.",
        f"{found.rivals_rows:,} of the same kind by POST /leads/batch, one request after the other: {rival}.",
        "Meanwhile the leads that were in got their workflows, about twenty a second.",
    ]


def _figures(found: Findings) -> dict[str, Any]:
    return {
        "rows": found.rows,
        "file_bytes": found.file_bytes,
        "upload_seconds": found.upload_seconds,
        "whole_seconds": found.whole_seconds,
        "rows_per_second": found.per_second,
        "rival_rows_per_second": found.rivals_per_second,
        "api_peak_bytes": found.api_peak,
        "api_grown_bytes": found.api_grown,
        "worker_peak_bytes": found.worker_peak,
        "worker_grown_bytes": found.worker_grown,
    }
