"""What a campaign listens for while a call goes on, from the JSON form in which people write it.

A list of which every phrase is heard for itself::

    [
        {"phrase": "stop calling", "then": "do_not_call"},
        {"phrase": "Acme Dental", "then": "flag", "said_by": "anyone"},
        {"phrase": "I'll take you off our list", "then": "do_not_call", "said_by": "agent"}
    ]

``phrase``: words in any writing; case, punctuation and apostrophes don't matter. In Chinese, Japanese, Thai and other
scripts without blanks between words each character counts as one. ``then``: ``flag`` notes it with the
call, ``do_not_call`` also has the number never called again, at once. ``said_by``: ``callee`` unless said otherwise.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

MOST_PHRASES = 50
LONGEST_PHRASE = 100
PHRASES_REMEMBERED = 2_000

_EXAMPLE = '{"phrase": "stop calling", "then": "do_not_call", "said_by": "callee"}'
# Scripts that leave no blank between words (Thai, Lao, Burmese, Khmer, Japanese, Chinese): each character stands alone.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff"
)
_WORD = re.compile(rf"(?=[^\W_])[{_UNSPACED}]|[^\W_{_UNSPACED}]+")
# Apostrophes in all their writings, soft hyphens and other characters that nobody sees: a word goes on across them.
_APOSTROPHES = "'`\u00b4\u02bb\u02bc\u2018\u2019\u201b\u2032\uff07"
_UNSEEN = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
_WITHIN_WORDS = dict.fromkeys(map(ord, _APOSTROPHES + _UNSEEN))


class InvalidLivePhrases(ValueError):  # noqa: N818 - a name says what happened, as in the house's other error trees
    """This list can't be kept. The text is a sentence for the person who wrote it, and says what to give."""


class PhraseThen(StrEnum):
    """What follows from a phrase that was said."""

    DO_NOT_CALL = "do_not_call"
    FLAG = "flag"


class SaidBy(StrEnum):
    CALLEE = "callee"
    AGENT = "agent"
    ANYONE = "anyone"


@dataclass(frozen=True, slots=True)
class LivePhrase:
    """``words``: what is compared, folded."""

    phrase: str
    then: PhraseThen
    said_by: SaidBy = SaidBy.CALLEE

    @property
    def words(self) -> tuple[str, ...]:
        return _words_of_phrase(self.phrase)


DEFAULT_LIVE_PHRASES = tuple(
    LivePhrase(phrase, PhraseThen.DO_NOT_CALL)
    for phrase in (
        "stop calling",
        "stop phoning",
        "quit calling",
        "do not call",
        "don't call again",
        "don't call me again",
        "don't call me anymore",
        "don't call me any more",
        "don't call this number",
        "don't call here",
        "don't ever call",
        "never call me again",
        "never call this number",
        "take me off your list",
        "take me off the list",
        "take me off this list",
        "remove me from your list",
        "remove me from the list",
        "remove my number",
        "delete my number",
        "lose my number",
    )
)
"""What a campaign hears that says nothing of its own: wishes not to be called again."""


@lru_cache(maxsize=PHRASES_REMEMBERED)
def _words_of_phrase(phrase: str) -> tuple[str, ...]:
    """A phrase is looked for in every transcript of its campaign's calls, a few times a call."""
    return tuple(folded_words(phrase))


def folded_words(text: str) -> Sequence[str]:
    """The words of a text without what doesn't matter: ``Don't call!`` and ``dont CALL`` are the same."""
    return _WORD.findall(unicodedata.normalize("NFKC", text.translate(_WITHIN_WORDS)).casefold())


def parse_live_phrases(written: object) -> tuple[LivePhrase, ...]:
    """The phrases from their JSON form, which the module describes; an empty list hears nothing.

    Raises:
        InvalidLivePhrases: Anything but a list of at most 50 phrases of 1 to 100 characters, each with a word in it
            and no two of the same words.
    """
    if not isinstance(written, list):
        raise InvalidLivePhrases(f"Give a list of phrases: [{_EXAMPLE}].")
    if len(written) > MOST_PHRASES:
        raise InvalidLivePhrases(f"{len(written)} phrases are too many; give {MOST_PHRASES} at most.")
    phrases = tuple(_phrase(row, f"Phrase {number}") for number, row in enumerate(written, 1))
    words = [phrase.words for phrase in phrases]
    twice = next((phrase for phrase, own in zip(phrases, words, strict=True) if words.count(own) > 1), None)
    if twice is not None:
        raise InvalidLivePhrases(f"Two phrases have the words of “{twice.phrase}”; give each once.")
    return phrases


def phrases_heard(own: Sequence[LivePhrase] | None) -> Sequence[LivePhrase]:
    """What a campaign hears: its own phrases, and the usual wishes besides unless it says which wishes it hears.

    Whoever lists a competitor's name doesn't mean to miss "stop calling". An empty list hears nothing, and a usual
    wish that the list has as a flag is a flag.
    """
    if own is None:
        return DEFAULT_LIVE_PHRASES
    if not own or any(phrase.then is PhraseThen.DO_NOT_CALL for phrase in own):
        return own
    said = {phrase.words for phrase in own}
    return [*own, *(usual for usual in DEFAULT_LIVE_PHRASES if usual.words not in said)]


def forbids_calls(flags: Sequence[Mapping[str, Any]] | None) -> bool:
    """Whether one of the flags that were written to an attempt is a wish not to be called again."""
    return any(flag.get("then") == PhraseThen.DO_NOT_CALL for flag in flags or ())


def _phrase(written: object, which: str) -> LivePhrase:
    if not isinstance(written, dict) or not {"phrase", "then"} <= written.keys() <= {"phrase", "then", "said_by"}:
        raise InvalidLivePhrases(f"{which} needs `phrase` and `then` and may have `said_by`: {_EXAMPLE}.")
    phrase = written["phrase"]
    if not isinstance(phrase, str) or not 1 <= len(phrase) <= LONGEST_PHRASE or not folded_words(phrase):
        raise InvalidLivePhrases(f"{which}: give `phrase` as 1 to {LONGEST_PHRASE} characters with a word in them.")
    then = _one_of(PhraseThen, written["then"], f"{which}: `then`")
    said_by = _one_of(SaidBy, written.get("said_by", SaidBy.CALLEE.value), f"{which}: `said_by`")
    return LivePhrase(phrase, PhraseThen(then), SaidBy(said_by))


def _one_of(values: type[StrEnum], written: object, which: str) -> str:
    names = [value.value for value in values]
    if not isinstance(written, str) or written not in names:
        raise InvalidLivePhrases(f"{which} is one of {', '.join(names)}.")
    return written
