import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calls import CallEvent, CallFacts
from telephony.cleaning import clean_json, decode_json, read_json
from telephony.payloads import MalformedWebhook, UnknownWebhookEvent, event_key, parse_call, parse_webhook

CALL_KEYS = [
    "metadata", "call_status", "disconnection_reason", "agent_id", "agent_version", "from_number", "to_number",
    "start_timestamp", "end_timestamp", "duration_ms", "transcript", "transcript_object", "transcript_with_tool_calls",
    "recording_url", "call_analysis", "call_cost", "latency", "transfer_destination",
]  # fmt: skip
INNER_KEYS = [
    "attempt_id", "combined_cost", "role", "content", "values", "e2e", "call_summary", "in_voicemail", "number",
    "custom_analysis_data",
]  # fmt: skip

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(INNER_KEYS) | st.text(), inner),
    max_leaves=8,
)
calls = st.dictionaries(st.sampled_from(CALL_KEYS), anything, max_size=6)


def is_storable(value: object) -> bool:
    """PostgreSQL's JSONB takes it: strict JSON in UTF-8 without NUL."""
    stored = json.dumps(value, allow_nan=False, ensure_ascii=False)
    stored.encode()
    return "\\u0000" not in stored


def storable_parts(facts: CallFacts) -> list[Any]:
    texts = [getattr(facts, name) for name in facts.__slots__ if isinstance(getattr(facts, name), str)]
    return [texts, facts.utterances, facts.analysis, facts.latency]


@given(call=calls, event=st.sampled_from(CallEvent))
def test_whatever_a_call_holds_the_facts_can_be_stored(call: dict[str, Any], event: CallEvent) -> None:
    facts = parse_call(call | {"call_id": "call_1"}, event)

    assert all(map(is_storable, storable_parts(facts)))
    assert len(event_key(facts)) <= 400


@given(body=st.binary() | st.builds(lambda value: json.dumps(value).encode(), anything))
def test_whatever_a_body_holds_it_is_read_or_refused_by_name(body: bytes) -> None:
    with suppress(MalformedWebhook, UnknownWebhookEvent):
        assert parse_webhook(body).call_id


@given(value=anything)
def test_cleaned_json_can_be_stored_and_cleaning_twice_changes_nothing(value: object) -> None:
    cleaned = clean_json(value)

    assert is_storable(cleaned)
    assert clean_json(cleaned) == cleaned


@given(value=anything, ascii_only=st.booleans())
def test_what_is_decoded_without_cleaning_needed_none(value: object, ascii_only: bool) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    with suppress(UnicodeDecodeError):
        assert decode_json(body) == clean_json(json.loads(body.decode("utf-8")))


@pytest.mark.parametrize("depth", range(60, 70))
@pytest.mark.parametrize("brackets", [(b"[", b"]"), (b'{"[": ', b"}")])
def test_the_deepest_level_is_the_same_with_and_without_cleaning(depth: int, brackets: tuple[bytes, bytes]) -> None:
    body = brackets[0] * depth + b"1" + brackets[1] * depth
    assert decode_json(body) == clean_json(json.loads(body))


@pytest.mark.parametrize(
    "written",
    [
        *("1e999", "-1E+999", "NaN", "Infinity", "9" * 19, "1" + "0" * 30, '"\\u0000"', '"\\ud800"', "1e5", '"9e9999"'),
        *(
            '"a3e123", 1e999',
            "1.0E400",
            "\n-1e999",
            "1" * 90 + "e300",
            "0." + "0" * 90 + "1e999",
            "0, 12345678901234567890",
        ),
        *('"' + "3e123-" * 100 + '", 1e999', '"' + "9" * 100 + '", 1e999'),
    ],
)
def test_numbers_and_escapes_that_cannot_be_stored_are_cleaned(written: str) -> None:
    assert is_storable(decode_json(f'{{"a": [{written}]}}'.encode()))


@pytest.mark.parametrize(
    "written", ["1e-20000", "0E-99999", "-12.5e-100000", '"a1e-200", 1e-20000', "1" * 90 + "e-300"]
)
def test_a_number_of_more_digits_than_a_row_takes_is_not_kept_as_it_was_written(written: str) -> None:
    decoded, kept = read_json(f'{{"a":[{written}]}}'.encode())
    assert kept == json.dumps(decoded)


def test_a_webhook_whose_ids_look_like_numbers_is_kept_as_it_was_written() -> None:
    ids = ["call_9e123456789012345678901234567890", "3f1e0123-9e12-4e345-8E123-1234567890e123", "CA1234567890123456789"]
    written = json.dumps({"ids": ids, "amount": 1.5e3, "instant": 1_764_000_000_000}, separators=(",", ":"))
    assert read_json(written.encode()) == (json.loads(written), written)


def test_what_lies_too_deep_is_cut_off_and_the_rest_stays() -> None:
    body = b'{"kept": 1, "deep": ' + b"[" * 500 + b"]" * 500 + b"}"
    decoded = decode_json(body)

    assert isinstance(decoded, dict)
    assert decoded["kept"] == 1
    assert is_storable(decoded)


@pytest.mark.parametrize(
    "written",
    [
        "-0",
        "-0.0",
        "1E400",
        "-1e-400",
        "0.1e1",
        "123456789012345678901234567890",
        '"\\ud83d\\ude00"',
        '"\\ud83d"',
        "NaN",
    ],
)
@pytest.mark.parametrize("frame", ["%s", " [%s]\n", '{"a": %s, "a": [%s, true, null]}'])
def test_json_is_read_as_the_standard_library_reads_it(frame: str, written: str) -> None:
    body = frame.replace("%s", written)
    assert repr(decode_json(body.encode())) == repr(clean_json(json.loads(body)))


@pytest.mark.parametrize("written", ["", "{", "[1,]", "{'a': 1}", '"\x01"', "01", "1.", "tru", '\ufeff{"a": 1}', "1 2"])
def test_what_is_not_json_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode_json(written.encode())
