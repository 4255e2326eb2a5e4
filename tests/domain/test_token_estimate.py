"""The estimate is a bound, and what is cut by it stays within it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.token_estimate import ELLIPSIS, shortened, tokens_at_most

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=300)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        pytest.param("", 0, id="nothing"),
        pytest.param("a", 2, id="a-letter"),
        pytest.param("plan", 3, id="a-word"),
        pytest.param("the plan", 4, id="a-common-word-after-a-blank"),
        pytest.param("the plum", 5, id="the-blank-belongs-to-the-word"),
        pytest.param("OK", 2, id="not-written-as-words-are"),
        pytest.param("xqzjkv", 6, id="nobody-could-pronounce-it"),
        pytest.param("2026", 4, id="each-digit"),
        pytest.param("?! ", 3, id="each-mark-and-a-lone-blank"),
        pytest.param("\n\n", 2, id="each-line-break"),
        pytest.param("é", 2, id="two-bytes"),
        pytest.param("好", 3, id="three-bytes"),
        pytest.param("😀", 4, id="four-bytes"),
    ],
)
def test_each_piece_is_taken_at_its_worst(text: str, tokens: int) -> None:
    assert tokens_at_most(text) == tokens


@pytest.mark.parametrize(
    ("text", "cl100k", "o200k"),
    [
        pytest.param(
            "She asked whether installation is included and how long the warranty lasts.", 13, 13, id="english"
        ),
        pytest.param("Preguntó si la instalación está incluida y cuánto dura la garantía.", 21, 14, id="spanish"),
        pytest.param("客户对高级套餐感兴趣", 13, 7, id="chinese"),
        pytest.param("qvwmzk QXZJKV jdkslq", 12, 12, id="made-up"),
    ],
)
def test_no_text_takes_more_than_its_estimate(text: str, cl100k: int, o200k: int) -> None:
    """Counted with the tokenizers of those names, which this program doesn't have."""
    assert max(cl100k, o200k) <= tokens_at_most(text)


@given(ANY_TEXT)
def test_no_text_is_estimated_above_its_letters_or_bytes_and_a_fifth(text: str) -> None:
    assert tokens_at_most(text) <= 1.2 * len(text.encode(errors="surrogatepass")) + 1


@given(ANY_TEXT, ANY_TEXT)
def test_two_texts_that_a_line_break_joins_take_no_more_than_both_and_one(one: str, other: str) -> None:
    assert tokens_at_most(f"{one}\n{other}") <= tokens_at_most(one) + 1 + tokens_at_most(other)


@given(ANY_TEXT, st.integers(-5, 300), st.sampled_from(["beginning", "end"]))
def test_what_is_cut_stays_within_its_tokens_and_is_part_of_the_text(text: str, most: int, keep: str) -> None:
    short = shortened(text, most, keep="end" if keep == "end" else "beginning")
    if short != text:
        assert tokens_at_most(short) <= max(most, 0)
        part = short.removesuffix(ELLIPSIS) if keep == "beginning" else short.removeprefix(ELLIPSIS)
        assert part in text


def test_words_stay_whole() -> None:
    assert shortened("Wants Wanda's old trombone", 11) == "Wants Wanda…"
    assert shortened("Wants Wanda's old trombone", 8, keep="end") == "…trombone"
    assert shortened("Wants Wanda's old trombone", 3) == ""
