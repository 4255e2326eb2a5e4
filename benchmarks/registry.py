"""All benchmarks by their names; a new one is one line here."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass

from benchmarks.asked import Asked
from benchmarks.lives.benchmark import measure_lives
from benchmarks.opening.benchmark import measure_opening
from benchmarks.report import Report
from runtime.embedded.part import Say


@dataclass(frozen=True, slots=True)
class Benchmark:
    """``measure`` starts and stops all that it needs; None: it was interrupted."""

    about: str
    measure: Callable[[Asked, Say], Coroutine[None, None, Report | None]]


BENCHMARKS: Mapping[str, Benchmark] = {
    "lives": Benchmark("whole lives of leads a second, and how late a lead that is due is dialled", measure_lives),
    "opening": Benchmark("thousands of leads that may all be called from the same second on", measure_opening),
}
