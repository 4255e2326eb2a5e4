import hmac
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from retell.lib.webhook_auth import symmetric

from telephony.webhook_signature import verify_signature
from tests.work import times_the_work

KEY = "key_live_of_the_account"
NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
BODY = '{"event":"call_ended","call":{"call_id":"call_1","transcript":"Grüß Gott"}}'

sdk_sign = cast("Callable[[str, str, int], str]", symmetric["sign"])
sdk_verify = cast("Callable[[str, str, str, dict[str, Any]], bool]", symmetric["verify"])


def verifies(header: str | None, *, body: str = BODY, keys: tuple[str, ...] = (KEY,)) -> bool:
    return verify_signature(body.encode(), header, keys, now=NOW)


def test_what_the_provider_signs_is_accepted() -> None:
    assert verifies(sdk_sign(BODY, KEY, NOW_MS))


@pytest.mark.parametrize(
    ("age", "accepted"),
    [
        pytest.param(timedelta(minutes=5), True, id="five-minutes-old"),
        pytest.param(timedelta(minutes=5, milliseconds=1), False, id="a-millisecond-too-old"),
        pytest.param(timedelta(minutes=-5), True, id="five-minutes-ahead"),
        pytest.param(timedelta(minutes=-5, milliseconds=-1), False, id="a-millisecond-too-far-ahead"),
    ],
)
def test_a_signature_is_good_for_five_minutes_in_both_directions(age: timedelta, accepted: bool) -> None:
    sent_ms = NOW_MS - age // timedelta(milliseconds=1)

    assert verifies(sdk_sign(BODY, KEY, sent_ms)) is accepted


@pytest.mark.parametrize(
    ("keys", "accepted"),
    [
        pytest.param(("new", KEY), True, id="old-key-still-listed"),
        pytest.param((KEY, "new"), True, id="first-of-two"),
        pytest.param(("new",), False, id="another-key"),
        pytest.param((), False, id="no-key"),
        pytest.param((KEY + "\ud800",), False, id="a-key-that-is-no-text"),
    ],
)
def test_any_of_the_keys_in_rotation_may_have_signed(keys: tuple[str, ...], accepted: bool) -> None:
    assert verifies(sdk_sign(BODY, KEY, NOW_MS), keys=keys) is accepted


def test_an_empty_key_never_matches() -> None:
    assert not verifies(sdk_sign(BODY, "", NOW_MS), keys=("",))


GOOD = sdk_sign(BODY, KEY, NOW_MS)


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(None, id="missing"),
        pytest.param("", id="empty"),
        pytest.param("garbage", id="garbage"),
        pytest.param(GOOD.upper(), id="upper-case"),
        pytest.param(re.sub(r"d=.*", lambda hit: "d=" + hit[0][2:].upper(), GOOD), id="upper-case-digest"),
        pytest.param(GOOD + "\n", id="newline-behind"),
        pytest.param(" " + GOOD, id="space-before"),
        pytest.param(GOOD + "0", id="digest-too-long"),
        pytest.param(GOOD[:-1], id="digest-too-short"),
        pytest.param(GOOD.replace("v=", "v=-"), id="negative-time"),
        pytest.param(f"v={'9' * 5_000},d={'0' * 64}", id="time-of-5000-digits"),
        pytest.param("v=" + "1" * 1_000_000, id="header-of-a-megabyte"),
        pytest.param(GOOD.translate({ord("1"): "\N{ARABIC-INDIC DIGIT ONE}"}), id="digits-of-another-script"),
        pytest.param(f"v={NOW_MS},d={'é' * 64}", id="digest-beyond-ascii"),
        pytest.param("\ud800" * 10, id="lone-surrogates"),
    ],
)
def test_a_header_of_any_other_form_is_refused_without_an_exception(header: str | None) -> None:
    assert verifies(header) is False


def test_another_body_is_refused() -> None:
    assert not verifies(GOOD, body=BODY + " ")


def test_a_body_that_is_no_text_is_refused_without_an_exception() -> None:
    assert verify_signature(b"\xff\xfe\x00", GOOD, [KEY], now=NOW) is False


headers = st.one_of(
    st.text(max_size=200),
    st.builds("v={},d={}".format, st.integers(-(10**20), 10**20), st.text("0123456789abcdefABCDEF", max_size=70)),
)


@given(body=st.binary(max_size=200), header=headers, keys=st.lists(st.text(max_size=20), max_size=3))
def test_nothing_from_outside_raises(body: bytes, header: str, keys: list[str]) -> None:
    assert verify_signature(body, header, keys, now=NOW) is False


def mutate(text: str, position: int, character: str) -> str:
    position %= len(text) + 1
    return text[:position] + character + text[position + 1 :]


@given(
    body=st.text(st.characters(codec="utf-8"), max_size=100),
    key=st.text(st.characters(codec="ascii"), min_size=1, max_size=40),
    age_ms=st.integers(-400_000, 400_000),
    header_change=st.none() | st.tuples(st.integers(0, 90), st.sampled_from("0123456789abcdefAvd=, ")),
    body_change=st.none() | st.tuples(st.integers(0, 100), st.sampled_from("a \n{}")),
)
def test_it_agrees_with_the_providers_own_code_also_about_forgeries(
    body: str,
    key: str,
    age_ms: int,
    header_change: tuple[int, str] | None,
    body_change: tuple[int, str] | None,
) -> None:
    header = sdk_sign(body, key, NOW_MS - age_ms)
    header = mutate(header, *header_change) if header_change else header
    body = mutate(body, *body_change) if body_change else body

    ours = verify_signature(body.encode(), header, [key], now=NOW)

    assert ours == sdk_verify(body, key, header, {"timestamp": NOW_MS})


def test_a_webhook_of_three_kilobytes_costs_hardly_more_than_its_digest() -> None:
    """Forgeries come in crowds, and each is worked out. Its digest alone takes some millionths of a second."""
    body = b"x" * 3_000
    header = sdk_sign(body.decode(), KEY, NOW_MS)

    def verify() -> None:
        for _ in range(200):
            assert verify_signature(body, header, [KEY], now=NOW)

    def digest() -> None:
        for _ in range(200):
            hmac.digest(KEY.encode(), body, "sha256")

    assert times_the_work(verify, digest) < 10
