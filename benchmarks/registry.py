"""All benchmarks by their names; a new one is one line here."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass

from benchmarks.asked import Asked
from benchmarks.importing.benchmark import measure_import
from benchmarks.lives.benchmark import measure_lives
from benchmarks.opening.benchmark import measure_opening
from benchmarks.queries.benchmark import measure_queries
from benchmarks.report import Report
from benchmarks.steering.benchmark import measure_steering
from benchmarks.webhook.benchmark import measure_webhook
from runtime.embedded.part import Say


@dataclass(frozen=True, slots=True)
class Benchmark:
    """``measure`` starts and stops all that it needs; None: it was interrupted."""

    about: str
    measure: Callable[[Asked, Say], Coroutine[None, None, Report | None]]


BENCHMARKS: Mapping[str, Benchmark] = {
    "import": Benchmark("how fast a file of 100,000 leads comes in, and how much memory that takes", measure_import),
    "lives": Benchmark("whole lives of leads a second, and how late a lead that is due is dialled", measure_lives),
    "opening": Benchmark("thousands of leads that may all be called from the same second on", measure_opening),
    "queries": Benchmark("how soon what people look at is answered, with a million leads behind it", measure_queries),
    "steering": Benchmark("how soon a campaign of 50,000 leads does what people tell it", measure_steering),
    "webhook": Benchmark("how soon webhooks are answered and how many a second, beside a bare route", measure_webhook),
}
