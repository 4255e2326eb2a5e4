"""How many tokens a text takes at most, told without any model's tokenizer, and texts cut by that.

Which model reads a prompt is decided at the provider, so nobody here can count. Each piece of a text is taken at the
worst that tokenizers make of it:

* a character that isn't ASCII: one for each of its bytes in UTF-8, into which byte-level tokenizers fall at the worst;
* a digit, a mark, a line break, a blank that stands alone: one; the blank before a word belongs to it;
* a common English word after a blank: one;
* any other word in Latin letters: one for every two letters and a fifth more, or one for each letter where it isn't
  written as words are (``iPhone``, ``OK``) or nobody could pronounce it (five consonants in a row).

All but the last line is a bound for byte-level tokenizers; the last is measured, for cl100k_base and o200k_base, in
November 2026: random pronounceable syllables, the worst that was found, took 0.97 of the estimate.
"""

import re
from typing import Literal

from domain.common_words import COMMON_WORDS

ELLIPSIS = "…"

_WORDS = re.compile(" ?[A-Za-z]+")
_PIECES = re.compile(" ?[A-Za-z]+|.", re.DOTALL)
_WRITTEN_AS_WORDS_ARE = re.compile("(?!.*[b-df-hj-np-tv-xzB-DF-HJ-NP-TV-XZ]{5}) ?[A-Z]?[a-z]*")
_AFTER_A_BLANK = frozenset(f" {word}" for word in COMMON_WORDS)
_TENTHS = 10
_TENTHS_OF_TWO_LETTERS = 12


def tokens_at_most(text: str) -> int:
    """The most tokens this text may take. Of texts joined by a line break: no more than their sum and one each."""
    words = _WORDS.findall(text)
    others = _bytes_of(text) - sum(map(len, words))
    return -(-(_TENTHS * others + sum(map(_tenths_of_word, words))) // _TENTHS)


def shortened(text: str, most: int, *, keep: Literal["beginning", "end"] = "beginning") -> str:
    """As much of a text as may take ``most`` tokens; an ellipsis stands where it was cut.

    Words in Latin letters stay whole. Empty where nothing fits beside the ellipsis.
    """
    if tokens_at_most(text) <= most:
        return text
    pieces = _PIECES.findall(text)
    room = most - tokens_at_most(ELLIPSIS)
    if keep == "beginning":
        rest = "".join(_fitting(pieces, room)).rstrip()
        return rest + ELLIPSIS if rest else ""
    rest = "".join(reversed(_fitting(pieces[::-1], room)))
    # Without its blank the first word may take more than with it.
    bare = rest.lstrip()
    return ELLIPSIS + (bare if tokens_at_most(bare) <= room else rest) if bare else ""


def _fitting(pieces: list[str], most: int) -> list[str]:
    """The first of the pieces, as many as fit."""
    room = most * _TENTHS
    for place, piece in enumerate(pieces):
        room -= _tenths_of_word(piece) if piece[-1:].isalpha() and piece.isascii() else _TENTHS * _bytes_of(piece)
        if room < 0:
            return pieces[:place]
    return pieces


def _tenths_of_word(word: str) -> int:
    if word in _AFTER_A_BLANK:
        return _TENTHS
    letters = len(word.removeprefix(" "))
    return _TENTHS_OF_TWO_LETTERS * -(-letters // 2) if _WRITTEN_AS_WORDS_ARE.fullmatch(word) else _TENTHS * letters


def _bytes_of(text: str) -> int:
    return len(text.encode(errors="surrogatepass"))
