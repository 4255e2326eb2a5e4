"""Recordings of calls: what may go wrong on their way to us, when that is tried again, and what they are."""

from datetime import timedelta
from enum import StrEnum


class RecordingProblem(StrEnum):
    """Why a recording isn't kept, as of the last try."""

    LINK_DEAD = "link_dead"
    """The provider's link is no longer good, nor is the one that it gave when it was asked again."""

    LINK_FORBIDDEN = "link_forbidden"
    """The link leads to where no provider keeps recordings: a private address, no encryption, a user and password."""

    UNREACHABLE = "unreachable"
    """The place it leads to doesn't answer, breaks off or is too slow."""

    NO_RECORDING = "no_recording"
    """What is there has no form of audio that we know."""

    TOO_LARGE = "too_large"
    """It is larger than any call could be."""


class RecordingDeletion(StrEnum):
    """By what a recording was ordered to be deleted."""

    RETENTION = "retention"
    ERASURE = "erasure"


_SOON = (timedelta(seconds=15), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))
_DELAYS = {
    RecordingProblem.LINK_DEAD: _SOON,
    RecordingProblem.NO_RECORDING: _SOON,
    # An outage of a night; links that die meanwhile are replaced.
    RecordingProblem.UNREACHABLE: (*_SOON, timedelta(hours=2), timedelta(hours=6), timedelta(hours=12)),
}

_BEGINNINGS = (
    (0, b"ID3", "audio/mpeg"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"\x1a\x45\xdf\xa3", "audio/webm"),
    (4, b"ftyp", "audio/mp4"),
    (8, b"WAVE", "audio/wav"),
    *((0, bytes((0xFF, second)), "audio/mpeg") for second in (0xFB, 0xFA, 0xF3, 0xF2, 0xE3, 0xE2)),
    *((0, bytes((0xFF, second)), "audio/aac") for second in (0xF1, 0xF9)),
)
_SUFFIXES = {
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
    "audio/webm": "webm",
    "audio/mp4": "m4a",
    "audio/wav": "wav",
    "audio/aac": "aac",
}

ENOUGH_TO_TELL = 12
"""Bytes from which ``audio_type`` can tell what begins with them."""


def next_try_after(problem: RecordingProblem, tries: int) -> timedelta | None:
    """How long to wait after a try that failed; ``None`` where it is given up.

    Args:
        problem: What the try failed by.
        tries: How many there were, this one included.
    """
    delays = _DELAYS.get(problem, ())
    return delays[tries - 1] if tries <= len(delays) else None


def audio_type(beginning: bytes) -> str | None:
    """What kind of audio begins like this, as a media type; ``None`` for anything else.

    What a server says of its content is not looked at: we hand it on under our own name, and a page of somebody
    else's must never be one of ours.
    """
    for offset, mark, media_type in _BEGINNINGS:
        if beginning[offset : offset + len(mark)] == mark:
            return media_type
    return None


def file_suffix(media_type: str | None) -> str:
    """How the name of such a file ends."""
    return _SUFFIXES.get(media_type or "", "bin")
