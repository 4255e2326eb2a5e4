"""Which of a campaign's phrases were said in a running transcript, by whom and where.

What a speaker said is read as one text, whatever others said in between: a phrase may run over several of their
utterances. Time grows with the transcript's length alone, whoever wrote it: there are no patterns, only plain searches.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from domain.calls import UtteranceRole
from domain.live_phrases import LivePhrase, SaidBy, folded_words

LONGEST_HEARD = 100_000
"""Of each speaker's words as many characters are read, the last ones: two hours of talk."""


class Speaker(StrEnum):
    """Who speaks in a call, as flags tell it."""

    CALLEE = "callee"
    AGENT = "agent"
    TRANSFER_TARGET = "transfer_target"


_SPEAKERS = {
    UtteranceRole.USER: Speaker.CALLEE,
    UtteranceRole.AGENT: Speaker.AGENT,
    UtteranceRole.TRANSFER_TARGET: Speaker.TRANSFER_TARGET,
}


@dataclass(frozen=True, slots=True)
class Mention:
    """A phrase was said for the first time. ``utterance``: the place of the one in which its last word was said."""

    phrase: LivePhrase
    said_by: Speaker
    utterance: int


@dataclass(frozen=True, slots=True)
class _Speech:
    """All folded words of one speaker, each with a blank before and after it. ``starts``: where utterances begin."""

    speaker: Speaker
    text: str
    starts: Sequence[int]
    places: Sequence[int]

    def find(self, phrase: str) -> int | None:
        """The place of the utterance in which the phrase was first completed."""
        at = self.text.find(phrase)
        if at < 0:
            return None
        last_word = at + len(phrase) - 2
        return self.places[bisect_right(self.starts, last_word) - 1]


def mentions(utterances: Sequence[Mapping[str, Any]], phrases: Sequence[LivePhrase]) -> Sequence[Mention]:
    """The first mention of each phrase that was said at all, in the order in which the phrases are given.

    Args:
        utterances: What was said, in order: ``role`` (the provider's) and ``content`` of each.
    """
    speeches = [_speech(role, speaker, utterances) for role, speaker in _SPEAKERS.items()]
    found = (_first(phrase, speeches) for phrase in phrases)
    return [mention for mention in found if mention is not None]


def _first(phrase: LivePhrase, speeches: Sequence[_Speech]) -> Mention | None:
    wanted = f" {' '.join(phrase.words)} "
    first = None
    for speech in speeches:
        if phrase.said_by in (SaidBy.ANYONE, speech.speaker):
            place = speech.find(wanted)
            if place is not None and (first is None or place < first.utterance):
                first = Mention(phrase, speech.speaker, place)
    return first


def _speech(role: UtteranceRole, speaker: Speaker, utterances: Sequence[Mapping[str, Any]]) -> _Speech:
    text, length = [" "], 1
    starts, places = [0], [0]
    for place, content in _last_said(role, utterances):
        words = folded_words(content)
        if not words:
            continue
        starts.append(length)
        places.append(place)
        part = " ".join(words) + " "
        text.append(part)
        length += len(part)
    return _Speech(speaker, "".join(text), starts, places)


def _last_said(role: UtteranceRole, utterances: Sequence[Mapping[str, Any]]) -> Sequence[tuple[int, str]]:
    """The speaker's utterances with their places, as many from the end as are read; the first of them may be cut."""
    said: list[tuple[int, str]] = []
    room = LONGEST_HEARD
    for place in range(len(utterances) - 1, -1, -1):
        content = utterances[place].get("content")
        if utterances[place].get("role") != role or not isinstance(content, str):
            continue
        said.append((place, content[-room:]))
        room -= len(content)
        if room <= 0:
            break
    return said[::-1]
