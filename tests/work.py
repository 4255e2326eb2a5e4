"""How much work something is: told by the process's own time at the processor, as a multiple of another work's.

Other processes may have the machine meanwhile, and it may be a slow one: both works have the same share of it. The
least of some tries counts, in turns, so that neither meets better times than the other.
"""

import time
from collections.abc import Callable

TRIES = 5

Work = Callable[[], object]


def times_the_work(work: Work, other: Work, *, tries: int = TRIES) -> float:
    """How many times as much work ``work`` is as ``other``."""
    measured = [(_seconds(work), _seconds(other)) for _ in range(tries)]
    return min(one for one, _ in measured) / min(other for _, other in measured)


def _seconds(work: Work) -> float:
    began = time.process_time()
    work()
    return max(time.process_time() - began, 1e-9)
