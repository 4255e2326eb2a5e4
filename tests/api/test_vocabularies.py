"""Closed vocabularies in /openapi.json, in answers and in what is asked for."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import TypeAdapter

from api.schemas import words
from domain import vocabulary
from domain.bookings import AppointmentProblem
from domain.callbacks import CallbackProblem
from domain.calls import TransferStep, UtteranceRole
from domain.events import DeliveryStatus, DisabledReason, EventSubject, EventType
from domain.live_phrases import PhraseThen
from domain.phrase_matching import Speaker

Json = dict[str, Any]

VOCABULARIES = (
    AppointmentProblem,
    CallbackProblem,
    DeliveryStatus,
    DisabledReason,
    EventSubject,
    EventType,
    PhraseThen,
    Speaker,
    TransferStep,
    UtteranceRole,
    *(one for one in vars(vocabulary).values() if isinstance(one, type) and issubclass(one, StrEnum) and list(one)),
)
FIELDS = [
    pytest.param("LeadSummary", "status", "LeadStatus", id="lead-status"),
    pytest.param("LeadAnswer", "outcome", "LeadOutcome", id="lead-outcome"),
    pytest.param("LeadAnswer", "blocked_reason", "BlockedReason", id="why-it-is-blocked"),
    pytest.param("AttemptAnswer", "status", "AttemptStatus", id="attempt-status"),
    pytest.param("CallAnswer", "outcome", "AttemptOutcome", id="call-outcome"),
    pytest.param("InboundCallAnswer", "outcome", "AttemptOutcome", id="outcome-of-a-call-that-came-in"),
    pytest.param("LiveAttempt", "status", "AttemptStatus", id="live"),
    pytest.param("CampaignAnswer", "status", "CampaignStatus", id="campaign-status"),
    pytest.param("CampaignAnswer", "calling_rules", "CallingRules", id="calling-rules"),
    pytest.param("CampaignInput", "purpose", "Purpose", id="given-purpose"),
    pytest.param("PoolAnswer", "carrier", "Carrier", id="carrier"),
    pytest.param("ImportAnswer", "status", "ImportStatus", id="import-status"),
    pytest.param("TransferEvent", "event", "TransferStep", id="step-of-a-transfer"),
    pytest.param("Flag", "then", "PhraseThen", id="what-follows-from-a-phrase"),
    pytest.param("Flag", "said_by", "Speaker", id="who-said-a-phrase"),
    pytest.param("Utterance", "role", "UtteranceRole", id="who-speaks"),
    pytest.param("EventSubscriptionAnswer", "event_types", "EventType", id="wanted-events"),
    pytest.param("EventSubscriptionAnswer", "disabled_reason", "DisabledReason", id="why-it-is-disabled"),
    pytest.param("DeliveryAnswer", "event_type", "EventType", id="sent-event"),
    pytest.param("DeliveryAnswer", "status", "DeliveryStatus", id="delivery-status"),
    pytest.param("DeliveryAnswer", "subject", "EventSubject", id="what-an-event-tells-of"),
    pytest.param("TodayStanding", "by_outcome", "AttemptOutcome", id="outcomes-of-today"),
    pytest.param("UserAnswer", "role", "Role", id="role"),
    pytest.param("UserChange", "role", "Role", id="given-role"),
]
WORDS = [one for name, one in vars(words).items() if name.endswith("Word") and one is not words.Word]
OPEN = {
    ("BatchItem", "status"),  # of HTTP
    ("Problem", "status"),
    ("TrialCallState", "status"),  # as the provider writes it
}


@pytest.fixture
def schemas(app: FastAPI) -> Json:
    found: Json = app.openapi()["components"]["schemas"]
    return found


@pytest.mark.parametrize("words", VOCABULARIES, ids=lambda words: words.__name__)
def test_each_vocabulary_is_named_with_all_its_words(schemas: Json, words: type[StrEnum]) -> None:
    assert schemas[words.__name__]["enum"] == [word.value for word in words]


@pytest.mark.parametrize(("schema", "field", "named"), FIELDS)
def test_fields_of_answers_and_bodies_name_their_vocabulary(schemas: Json, schema: str, field: str, named: str) -> None:
    assert f"#/components/schemas/{named}" in _references(schemas[schema]["properties"][field])


def test_no_status_outcome_or_role_is_any_text(schemas: Json) -> None:
    told = {
        (name, field)
        for name, schema in schemas.items()
        for field in ("status", "outcome", "role", "calling_rules", "purpose", "carrier", "then", "said_by")
        if field in schema.get("properties", {}) and not list(_references(schema["properties"][field]))
    }
    assert told - OPEN == set(), "give the field its word of api/schemas/words.py"


@pytest.mark.parametrize(
    "word",
    [
        pytest.param(one, id=name)
        for name, one in vars(words).items()
        if name.endswith("Word") and one is not words.Word
    ],
)
def test_a_word_that_a_newer_process_wrote_is_passed_on(word: Any) -> None:  # noqa: ANN401  (a type's annotation)
    assert TypeAdapter(word).validate_python("of a newer version") == "of a newer version"


@pytest.mark.parametrize(
    ("path", "field", "allowed"),
    [
        pytest.param("/api/v1/leads", "status", vocabulary.LeadStatus, id="status-of-leads"),
        pytest.param("/api/v1/leads", "outcome", vocabulary.LeadOutcome, id="outcome-of-leads"),
        pytest.param("/api/v1/leads/export", "status", vocabulary.LeadStatus, id="export-of-leads"),
        pytest.param("/api/v1/calls", "status", vocabulary.AttemptStatus, id="status-of-calls"),
        pytest.param("/api/v1/calls", "outcome", vocabulary.AttemptOutcome, id="outcome-of-calls"),
        pytest.param("/api/v1/calls", "direction", ("inbound", "outbound"), id="direction-of-calls"),
    ],
)
async def test_a_filter_by_an_unknown_word_is_refused_with_those_that_there_are(
    admin: httpx.AsyncClient,
    path: str,
    field: str,
    allowed: Any,  # noqa: ANN401  (an enum, or words)
) -> None:
    answer = await admin.get(path, params={field: "asleep"})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert [str(word) for word in allowed if f"'{word}'" not in error["message"]] == []


def _references(schema: Any) -> Iterator[str]:  # noqa: ANN401  (any part of the document)
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield schema["$ref"]
        for part in schema.values():
            yield from _references(part)
    if isinstance(schema, list):
        for part in schema:
            yield from _references(part)
