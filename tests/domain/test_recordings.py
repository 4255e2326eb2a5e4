"""What begins like audio, and when a recording that couldn't be fetched is tried again."""

from datetime import timedelta
from itertools import count, takewhile

import pytest

from domain.recordings import RecordingProblem, audio_type, file_suffix, next_try_after


@pytest.mark.parametrize(
    ("beginning", "media_type"),
    [
        pytest.param(b"RIFF\x24\x00\x00\x00WAVEfmt ", "audio/wav", id="wav"),
        pytest.param(b"RF64\xff\xff\xff\xffWAVEds64", "audio/wav", id="large-wav"),
        pytest.param(b"ID3\x04\x00\x00\x00\x00\x00\x00\x00\x00", "audio/mpeg", id="mp3-with-a-title"),
        pytest.param(b"\xff\xfb\x90\x00\x00\x00\x00\x00\x00\x00\x00\x00", "audio/mpeg", id="bare-mp3"),
        pytest.param(b"\x00\x00\x00\x20ftypM4A ", "audio/mp4", id="m4a"),
        pytest.param(b"OggS\x00\x02\x00\x00\x00\x00\x00\x00", "audio/ogg", id="ogg"),
        pytest.param(b"<!DOCTYPE html>", None, id="a-page"),
        pytest.param(b"\xff\xfe<\x00h\x00t\x00m\x00l\x00", None, id="a-page-in-utf-16"),
        pytest.param(b"RIFF\x24\x00\x00\x00WEBPVP8 ", None, id="a-picture"),
        pytest.param(b"", None, id="nothing"),
        pytest.param(b"RIFF", None, id="broken-off"),
    ],
)
def test_audio_is_told_by_how_it_begins(beginning: bytes, media_type: str | None) -> None:
    assert audio_type(beginning) == media_type


def test_every_kind_of_audio_has_a_suffix_and_nothing_else_has_one_of_them() -> None:
    assert (file_suffix("audio/wav"), file_suffix("audio/mpeg"), file_suffix(None)) == ("wav", "mp3", "bin")


@pytest.mark.parametrize(
    ("problem", "tries", "at_least", "at_most"),
    [
        pytest.param(RecordingProblem.LINK_DEAD, 5, timedelta(minutes=10), timedelta(hours=1), id="dead"),
        pytest.param(RecordingProblem.NO_RECORDING, 5, timedelta(minutes=10), timedelta(hours=1), id="no-audio"),
        pytest.param(RecordingProblem.UNREACHABLE, 8, timedelta(hours=12), timedelta(days=1), id="an-outage"),
        pytest.param(RecordingProblem.TOO_LARGE, 1, timedelta(0), timedelta(0), id="too-large"),
        pytest.param(RecordingProblem.LINK_FORBIDDEN, 1, timedelta(0), timedelta(0), id="forbidden"),
    ],
)
def test_tries_are_spread_out_and_come_to_an_end(
    problem: RecordingProblem, tries: int, at_least: timedelta, at_most: timedelta
) -> None:
    waits = [wait for wait in takewhile(bool, (next_try_after(problem, number) for number in count(1))) if wait]
    assert len(waits) + 1 == tries
    assert waits == sorted(waits)
    assert at_least <= sum(waits, timedelta(0)) <= at_most
