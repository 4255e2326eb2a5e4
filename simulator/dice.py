"""Chance that can be repeated: the same words always give the same throws, in every process."""

import random


def dice(*words: object) -> random.Random:
    """A generator of its own for these words, so that the order of calls can't change what happens in one of them."""
    return random.Random("|".join(map(str, words)))  # noqa: S311 - for play, never for secrets
