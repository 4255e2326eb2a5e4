"""What other people said or wrote, made safe to stand as one line in a prompt.

Nothing here can keep a model from believing what it reads. It can only be seen where a quotation begins and ends, and
a quotation can't be more than text: not a second line, and no placeholder that the provider would fill in.
"""

import unicodedata

# The provider fills in {{names}}. The other writings are what Unicode's compatible forms turn into braces.
_BRACES = str.maketrans({"{": "(", "}": ")", "\ufe5b": "(", "\ufe5c": ")", "\uff5b": "(", "\uff5d": ")"})
_READ_PER_KEPT = 2


def quoted(text: str, longest: int) -> str:
    """The text on one line, without braces and without what nobody can see; ``longest`` characters at most.

    No more than twice as many are read, however long the text is.
    """
    read = text[: longest * _READ_PER_KEPT]
    seen = read if read.isprintable() else "".join(map(_shown, read))
    return " ".join(seen.translate(_BRACES).split())[:longest].rstrip()


def _shown(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cf":
        return ""  # joiners, marks of direction, and tags in which whole texts can hide
    return " " if category[0] in "CZ" else character
