"""How late a word is in the live stream, by what a listener noted."""

import pytest

from benchmarks.errors import BenchmarkFailed
from benchmarks.webhook.listening import Heard
from benchmarks.webhook.order import Spoken


def transcript(utterances: int, *, known_before: int = 0, call_id: str = "call_1") -> dict[str, object]:
    said = [{"role": "user", "content": "Yes."}] * utterances
    return {"type": "transcript", "call_id": call_id, "utterances_from": known_before, "utterances": said}


async def test_a_word_is_as_late_as_the_first_event_that_has_it() -> None:
    heard = Heard()
    heard.note(transcript(1), 10.1)
    heard.note(transcript(1, known_before=1), 10.4)
    heard.note(transcript(1, known_before=2), 10.9)
    lateness = await heard.lateness([Spoken("call_1", 1, 10.0), Spoken("call_1", 2, 10.2)])
    assert lateness == pytest.approx([0.1, 0.2])


async def test_what_was_overtaken_counts_by_the_event_that_had_more() -> None:
    heard = Heard()
    heard.note(transcript(3), 10.5)
    assert await heard.lateness([Spoken("call_1", 1, 10.0), Spoken("call_1", 3, 10.3)]) == pytest.approx([0.5, 0.2])


async def test_events_without_words_tell_of_no_word() -> None:
    heard = Heard()
    heard.note({"type": "begin", "resumed": False}, 9.0)
    heard.note({"type": "call", "call_id": "call_1", "attempt": {}}, 9.5)
    assert heard.when(Spoken("call_1", 1, 9.0)) is None


async def test_words_that_are_never_heard_fail_the_run() -> None:
    heard = Heard()
    heard.note(transcript(4, call_id="call_2"), 10.0)
    with pytest.raises(BenchmarkFailed, match="1 of 2 running transcripts never came"):
        await heard.lateness([Spoken("call_1", 1, 9.0), Spoken("call_2", 4, 9.0)], patience_seconds=0)
