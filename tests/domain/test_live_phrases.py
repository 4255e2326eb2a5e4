"""What a campaign listens for: how it is written down, and which sayings count."""

import string
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.live_phrases import (
    DEFAULT_LIVE_PHRASES,
    MOST_PHRASES,
    InvalidLivePhrases,
    LivePhrase,
    PhraseThen,
    SaidBy,
    folded_words,
    parse_live_phrases,
    phrases_heard,
)
from domain.phrase_matching import LONGEST_HEARD, mentions
from tests.work import times_the_work

Said = tuple[str, str]


def transcript(*said: Said) -> list[dict[str, Any]]:
    return [{"role": role, "content": content, "words": []} for role, content in said]


def heard(said: Sequence[Said], *phrases: LivePhrase) -> list[tuple[str, str, int]]:
    found = mentions(transcript(*said), phrases)
    return [(mention.phrase.phrase, mention.said_by, mention.utterance) for mention in found]


STOP = LivePhrase("stop calling", PhraseThen.DO_NOT_CALL)
RIVAL = LivePhrase("Acme Dental", PhraseThen.FLAG, SaidBy.ANYONE)
OFF_OUR_LIST = LivePhrase("I'll take you off our list", PhraseThen.DO_NOT_CALL, SaidBy.AGENT)


@pytest.mark.parametrize(
    "said",
    [
        pytest.param("Stop calling!", id="case-and-punctuation"),
        pytest.param("please, STOP   calling me", id="blanks"),
        pytest.param("stop-calling", id="a-hyphen"),
        pytest.param("“Stop… calling”", id="marks-in-between"),
        pytest.param("\ufeffstop\u00a0cal\u00adling", id="blanks-and-hyphens-nobody-sees"),
        pytest.param("\uff53\uff54\uff4f\uff50 \uff43\uff41\uff4c\uff4c\uff49\uff4e\uff47", id="full-width"),
    ],
)
def test_a_phrase_is_heard_in_any_writing(said: str) -> None:
    assert heard([("user", said)], STOP) == [("stop calling", "callee", 0)]


@pytest.mark.parametrize("apostrophe", ["", "'", "\u2019", "\u02bc", "`", "\u00b4", "\uff07"])
def test_apostrophes_do_not_matter_in_phrases_or_sayings(apostrophe: str) -> None:
    (phrase,) = parse_live_phrases([{"phrase": "don\u2019t call again", "then": "do_not_call"}])
    assert heard([("user", f"So don{apostrophe}t call again.")], phrase)


@pytest.mark.parametrize(
    ("phrase", "said", "is_heard"),
    [
        pytest.param("不要再打", "请你们不要再打电话给我了", True, id="chinese"),
        pytest.param("不要再打", "要不要再下单打个折", False, id="chinese-in-another-order"),
        pytest.param("電話しないで", "もう電話しないでください。", True, id="japanese"),
        pytest.param("アクメ", "ｱｸﾒの人ですか", True, id="half-width"),
        pytest.param("อย่าโทรมา", "กรุณาอย่าโทรมาอีก", True, id="thai"),
        pytest.param("Acme 牙科", "你们是acme牙科吗", True, id="two-scripts-without-a-blank"),
        pytest.param("그만 전화", "이제 그만 전화하세요", False, id="korean-has-blanks"),
        pytest.param("не звоните", "Больше не звоните мне!", True, id="russian"),
    ],
)
def test_a_phrase_is_heard_in_scripts_that_leave_no_blanks_between_words(
    phrase: str, said: str, is_heard: bool
) -> None:
    assert bool(heard([("user", said)], LivePhrase(phrase, PhraseThen.FLAG))) is is_heard


@pytest.mark.parametrize(
    "said",
    [
        pytest.param("nonstop calling", id="a-word-that-ends-so"),
        pytest.param("stop callings", id="a-word-that-begins-so"),
        pytest.param("stop it, calling me", id="another-word-between"),
        pytest.param("calling stop", id="another-order"),
        pytest.param("", id="silence"),
        pytest.param("… !?", id="no-words"),
    ],
)
def test_words_are_whole_and_in_their_order(said: str) -> None:
    assert heard([("user", said)], STOP) == []


def test_a_phrase_may_run_over_several_utterances_of_one_speaker() -> None:
    said = [("agent", "Good day"), ("user", "I said stop"), ("agent", "Sorry?"), ("user", "calling this number")]
    assert heard(said, STOP) == [("stop calling", "callee", 3)]


def test_two_speakers_do_not_say_a_phrase_together() -> None:
    assert heard([("user", "Please stop"), ("agent", "calling?")], STOP) == []


@pytest.mark.parametrize(
    ("role", "said_by", "is_heard"),
    [
        ("user", SaidBy.CALLEE, True),
        ("agent", SaidBy.CALLEE, False),
        ("transfer_target", SaidBy.CALLEE, False),
        ("user", SaidBy.AGENT, False),
        ("agent", SaidBy.AGENT, True),
        ("user", SaidBy.ANYONE, True),
        ("agent", SaidBy.ANYONE, True),
        ("transfer_target", SaidBy.ANYONE, True),
    ],
)
def test_it_matters_who_says_it(role: str, said_by: SaidBy, is_heard: bool) -> None:
    phrase = LivePhrase("stop calling", PhraseThen.FLAG, said_by)
    assert bool(heard([(role, "Stop calling.")], phrase)) is is_heard


def test_of_several_mentions_the_first_counts_whoever_made_it() -> None:
    said = [("agent", "Hello"), ("agent", "Are you with Acme Dental?"), ("user", "Acme Dental, yes")]
    assert heard(said, STOP, RIVAL) == [("Acme Dental", "agent", 1)]


def test_phrases_are_told_in_the_campaigns_order() -> None:
    said = [("agent", "I will take you"), ("agent", "Ill take you off our list"), ("user", "Acme Dental; stop calling")]
    assert [phrase for phrase, _, _ in heard(said, OFF_OUR_LIST, STOP, RIVAL)] == [
        "I'll take you off our list",
        "stop calling",
        "Acme Dental",
    ]


@pytest.mark.parametrize(
    "said",
    [
        "Please take me off your list and don't call me again.",
        "Stop calling this number.",
        "I've told you people before, do not call me any more.",
        "Remove my number.",
        "Don't call again!",
        "Please don\u2019t call me anymore.",
        "Never call me again, do you hear?",
        "And don't call this number.",
        "Take me off the list, please.",
        "I want you to remove me from your list.",
        "Lose my number!",
    ],
)
def test_wishes_not_to_be_called_again_are_heard_unless_a_campaign_says_otherwise(said: str) -> None:
    found = mentions(transcript(("user", said)), DEFAULT_LIVE_PHRASES)
    assert {mention.phrase.then for mention in found} == {PhraseThen.DO_NOT_CALL}


@pytest.mark.parametrize(
    "said",
    [
        "Call me again tomorrow.",
        "I don't think we need that.",
        "Put me on your list.",
        "You never call me back.",
        "Don't call me before nine.",
        "Is my number on the list?",
    ],
)
def test_other_wishes_are_not_taken_for_them(said: str) -> None:
    assert mentions(transcript(("user", said)), DEFAULT_LIVE_PHRASES) == []


@pytest.mark.parametrize(
    "utterance",
    [{}, {"role": "user"}, {"role": "user", "content": None}, {"role": ["user"], "content": "stop calling"}],
)
def test_what_is_no_utterance_is_passed_over(utterance: dict[str, Any]) -> None:
    found = mentions([utterance, *transcript(("user", "stop calling"))], [STOP])
    assert [mention.utterance for mention in found] == [1]


WORDS = st.lists(st.text(string.ascii_letters, min_size=1, max_size=8), min_size=1, max_size=5)
MARKS = st.text(string.punctuation.replace("'", "").replace("`", "") + " \n", min_size=1, max_size=3)


@given(words=WORDS, before=st.text(), after=st.text(), mark=MARKS)
def test_a_phrase_is_heard_whatever_stands_around_and_between_its_words(
    words: list[str], before: str, after: str, mark: str
) -> None:
    said = f"{before} {mark.join(word.swapcase() for word in words)} {after}"
    assert heard([("user", said)], LivePhrase(" ".join(words), PhraseThen.FLAG))


@given(words=WORDS, cuts=st.lists(st.booleans(), min_size=4, max_size=4), asides=st.booleans())
def test_a_phrase_is_heard_however_its_words_are_spread_over_utterances(
    words: list[str], cuts: list[bool], asides: bool
) -> None:
    said: list[Said] = []
    for number, word in enumerate(words):
        if number and not cuts[number - 1]:
            said[-1] = ("user", f"{said[-1][1]} {word}")
        else:
            said += [("user", word)] if not asides else [("agent", "Pardon?"), ("user", word)]
    ((_, _, place),) = heard(said, LivePhrase(" ".join(words), PhraseThen.FLAG))
    assert said[place][1].split()[-1] == words[-1] or words[-1] in said[place][1]


@given(st.lists(st.tuples(st.sampled_from(["user", "agent"]), st.text()), max_size=20))
def test_what_is_heard_was_said_by_its_speaker(said: list[Said]) -> None:
    phrases = [LivePhrase(word, PhraseThen.FLAG, SaidBy.ANYONE) for word in ("a", "0", "stop")]
    for phrase, speaker, place in heard(said, *phrases):
        assert (said[place][0] == "agent") is (speaker == "agent")
        assert phrase in folded_words(said[place][1])


@given(st.lists(st.tuples(st.sampled_from(["user", "agent"]), st.text(max_size=30)), max_size=20), st.integers(0, 20))
def test_a_transcript_that_grows_never_takes_a_mention_back(said: list[Said], length: int) -> None:
    phrases = [LivePhrase(word, PhraseThen.FLAG, SaidBy.ANYONE) for word in ("a", "0", "b c")]
    assert set(heard(said[:length], *phrases)) <= set(heard(said, *phrases))


HOSTILE = [LivePhrase("stop " * number + "calling", PhraseThen.FLAG) for number in range(1, 15)]
HOSTILE += [LivePhrase(f"{'a ' * number}b", PhraseThen.FLAG) for number in range(1, 36)]
TIMES = 8
AT_MOST = 3 * TIMES
"""What grows with the length takes 8 times as long for 8 times as much, and what grows with its square 64 times."""

PATTERNS = [
    pytest.param("stop ", id="the-first-word-over-and-over"),
    pytest.param("a", id="one-word"),
    pytest.param("\ufdfa", id="characters-that-unfold-to-many"),
    pytest.param("'", id="apostrophes"),
    pytest.param("a b ", id="short-words"),
]


def said_so_often(pattern: str, length: int) -> str:
    return (pattern * (length // len(pattern) + 1))[:length]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_hostile_transcript_takes_no_longer_than_its_length(pattern: str) -> None:
    long, short = (transcript(("user", said_so_often(pattern, LONGEST_HEARD // part))) for part in (1, TIMES))
    assert mentions(long, HOSTILE[:14]) == []
    assert times_the_work(lambda: mentions(long, HOSTILE), lambda: mentions(short, HOSTILE)) < AT_MOST


@pytest.mark.parametrize("pattern", PATTERNS)
def test_what_is_said_beyond_what_is_heard_costs_hardly_anything(pattern: str) -> None:
    endless, heard_of = (transcript(("user", said_so_often(pattern, LONGEST_HEARD * times))) for times in (20, 1))
    assert times_the_work(lambda: mentions(endless, HOSTILE), lambda: mentions(heard_of, HOSTILE)) < 5


def test_nor_do_many_utterances_cost_more_than_their_number() -> None:
    many, few = (transcript(*[("user", "a")] * (200_000 // part), ("agent", "a b")) for part in (1, TIMES))
    assert times_the_work(lambda: mentions(many, HOSTILE), lambda: mentions(few, HOSTILE)) < AT_MOST


def test_of_a_speech_without_end_the_end_is_heard() -> None:
    words = "word " * LONGEST_HEARD
    assert heard([("user", f"Acme Dental {words}"), ("user", f"{words} stop calling")], STOP, RIVAL) == [
        ("stop calling", "callee", 1)
    ]


def test_the_form_people_write_is_read() -> None:
    written = [
        {"phrase": "stop calling", "then": "do_not_call"},
        {"phrase": "Acme Dental", "then": "flag", "said_by": "anyone"},
        {"phrase": "I'll take you off our list", "then": "do_not_call", "said_by": "agent"},
    ]
    assert parse_live_phrases(written) == (STOP, RIVAL, OFF_OUR_LIST)
    assert parse_live_phrases([]) == ()


@pytest.mark.parametrize(
    ("written", "says"),
    [
        pytest.param({}, "Give a list", id="no-list"),
        pytest.param(["stop"], "Phrase 1 needs", id="no-object"),
        pytest.param([{"phrase": "stop"}], "needs `phrase` and `then`", id="nothing-follows"),
        pytest.param([{"then": "flag"}], "needs `phrase` and `then`", id="no-phrase"),
        pytest.param([{"phrase": "stop", "then": "flag", "when": 1}], "Phrase 1 needs", id="unknown-field"),
        pytest.param([{"phrase": "stop", "then": "hang_up"}], "do_not_call, flag", id="unknown-consequence"),
        pytest.param([{"phrase": "stop", "then": ["flag"]}], "do_not_call, flag", id="a-list-of-consequences"),
        pytest.param([{"phrase": "stop", "then": "flag", "said_by": "me"}], "callee, agent", id="unknown-speaker"),
        pytest.param([{"phrase": " ?!", "then": "flag"}], "with a word", id="no-word"),
        pytest.param([{"phrase": 7, "then": "flag"}], "1 to 100 characters", id="no-text"),
        pytest.param([{"phrase": "x" * 101, "then": "flag"}], "1 to 100 characters", id="too-long"),
        pytest.param(
            [{"phrase": "Don't call", "then": "flag"}, {"phrase": "dont CALL!", "then": "flag"}],
            "Two phrases have the words of “Don't call”",
            id="twice-the-same-words",
        ),
        pytest.param(
            [{"phrase": f"word {n}", "then": "flag"} for n in range(MOST_PHRASES + 1)], "too many", id="too-many"
        ),
    ],
)
def test_what_cannot_be_kept_is_said_in_a_sentence(written: object, says: str) -> None:
    with pytest.raises(InvalidLivePhrases, match=says):
        parse_live_phrases(written)


def test_a_list_of_flags_is_heard_beside_the_usual_wishes() -> None:
    own = parse_live_phrases([{"phrase": "Acme Dental", "then": "flag"}, {"phrase": "Stop calling!", "then": "flag"}])
    heard = phrases_heard(own)
    assert [one.then for one in heard if one.words == ("stop", "calling")] == [PhraseThen.FLAG]
    assert len(heard) == len(own) + len(DEFAULT_LIVE_PHRASES) - 1


@pytest.mark.parametrize(
    "own",
    [
        pytest.param((), id="nothing"),
        pytest.param((LivePhrase("nicht mehr anrufen", PhraseThen.DO_NOT_CALL),), id="wishes-of-its-own"),
    ],
)
def test_a_list_that_says_which_wishes_it_hears_stands_alone(own: tuple[LivePhrase, ...]) -> None:
    assert phrases_heard(own) == own
