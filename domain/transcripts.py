"""Which of two reports of a call knows more of what was said in it.

A running transcript comes with each turn and is told as a whole each time, revised where the first hearing was wrong.
Nothing in a webhook says when it was made: one that is repeated is signed anew, and may arrive after the one that
follows it. What can't go back is the call itself. So the report counts that was made when more of the call was over,
and of two of a call that goes on the one that hears further into it, by the seconds at which its words end.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

from domain.calls import CallFacts

Reach = Sequence[int]
"""How far a report of what was said goes; the greater one, compared as sequences are, knows more."""

_LONGEST_MS = 7 * 24 * 3600 * 1000
_LARGEST = 2**31 - 1


def reach_of(facts: CallFacts) -> Reach | None:
    """How far this report goes; None where it doesn't tell what was said.

    In this order: whether the call went on, was over or was analysed then; the milliseconds of it in which words were
    heard; the number of utterances; their characters. At last a sum of the words themselves: of two that are equal so
    far, which hardly ever differ, the same one stands whichever comes first. A report by which nobody said anything
    knows less than any other.
    """
    if facts.transcript is None and facts.utterances is None:
        return None
    utterances = facts.utterances or ()
    said = "\n".join(str(one.get("content") or "") for one in utterances)
    written = facts.transcript or ""
    if not (said.strip() or written.strip()):
        return (0, 0, 0, 0, 0)
    heard_ms = max((_end_ms(one) for one in utterances), default=0)
    length = min(max(len(said), len(written)), _LARGEST)
    return (_stage(facts), heard_ms, len(utterances), length, _sum_of(f"{said}\n{written}"))


def _stage(facts: CallFacts) -> int:
    return facts.ended + facts.analyzed


def _end_ms(utterance: Mapping[str, Any]) -> int:
    """When the last word of an utterance was over, in milliseconds of the call; 0 where that isn't told."""
    words = utterance.get("words")
    last = words[-1] if isinstance(words, list) and words else None
    end = last.get("end") if isinstance(last, Mapping) else None
    if isinstance(end, bool) or not isinstance(end, int | float) or not math.isfinite(end):
        return 0
    return min(max(0, round(end * 1000)), _LONGEST_MS)


def _sum_of(words: str) -> int:
    return crc32(words.encode("utf-8", "surrogatepass")) & _LARGEST
