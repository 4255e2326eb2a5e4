"""How many rows the file has."""

from dataclasses import dataclass, replace

from benchmarks.asked import Asked

# The rival is measured on a tenth of the rows.
RIVALS_SHARE = 10
BATCH = 1_000  # the most that POST /leads/batch takes


@dataclass(frozen=True, slots=True)
class Scale:
    """``rows``: leads in the file, each with a number of its own."""

    rows: int

    @property
    def rivals_rows(self) -> int:
        return max(1, self.rows // RIVALS_SHARE)


FULL = Scale(rows=100_000)
SHORT = Scale(rows=10_000)


def chosen(asked: Asked) -> Scale:
    """The scale that was asked for."""
    scale = SHORT if asked.short else FULL
    return scale if asked.leads is None else replace(scale, rows=asked.leads)
