"""What /openapi.json says, walked through operation by operation: also those that come later must say all of it."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import BaseModel

from activities.lead_input import LeadInput
from api.examples import EXAMPLES
from api.operations import operation_name
from api.routes.do_not_call import DoNotCallInput
from api.schemas.accounts import AccountInput
from api.schemas.api_keys import ApiKeyInput
from api.schemas.campaigns import CampaignInput
from api.schemas.event_subscriptions import EventSubscriptionInput
from api.schemas.launches import TrialCallInput
from api.schemas.leads import BatchInput, LeadChange
from api.schemas.number_pools import PoolInput
from api.schemas.people import InvitationInput
from api.tags import TAGS

Json = dict[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
BODIES = (
    LeadInput,
    BatchInput,
    LeadChange,
    CampaignInput,
    PoolInput,
    AccountInput,
    DoNotCallInput,
    EventSubscriptionInput,
    ApiKeyInput,
    InvitationInput,
    TrialCallInput,
)
NAME_IT = "name it in api/operations.py"


@pytest.fixture
def document(app: FastAPI) -> Json:
    return app.openapi()


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, item in document["paths"].items():
        yield from ((method, path, item[method]) for method in METHODS if method in item)


def places(document: Json, missing: str) -> list[str]:
    return [f"{method.upper()} {path}" for method, path, one in operations(document) if not one.get(missing)]


def test_the_document_is_valid(document: Json) -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_every_operation_has_a_tag_that_is_described_a_summary_and_a_name(document: Json) -> None:
    for missing in ("tags", "summary", "operationId"):
        assert places(document, missing) == [], f"give the route its {missing}"
    used = {tag for _, _, one in operations(document) for tag in one["tags"]}
    assert used == TAGS.keys(), "describe each tag in api/tags.py"


def test_no_two_operations_are_called_the_same(document: Json) -> None:
    names = Counter(one["operationId"] for _, _, one in operations(document))
    assert [name for name, times in names.items() if times > 1] == [], NAME_IT
    assert [name for name in names if not name.isidentifier() or name != name.lower()] == [], NAME_IT


def test_every_error_is_a_problem(document: Json) -> None:
    for method, path, one in operations(document):
        errors = {status: one["responses"][status] for status in one["responses"] if status >= "4"}
        assert errors, f"{method} {path}: declare what it may be refused with, by may_answer (api/problem_answers.py)"
        for status, response in errors.items():
            content = _resolved(document, response)["content"]
            assert list(content) == ["application/problem+json"], f"{method} {path} {status}: use may_answer"
            assert content["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/Problem"}


def test_what_needs_signing_in_says_so_by_both_ways_and_may_be_refused(document: Json) -> None:
    schemes = document["components"]["securitySchemes"]
    assert {"oauth2", "http"} == {scheme["type"] for scheme in schemes.values()}
    for _, path, one in operations(document):
        if one.get("security"):
            assert {"401", "422", "503"} <= one["responses"].keys(), path
            assert [list(way) for way in one["security"]] == [[name] for name in schemes], path


def test_every_post_that_makes_something_takes_an_idempotency_key(document: Json) -> None:
    without = [
        path
        for method, path, one in operations(document)
        if method == "post" and "201" in one["responses"] and "Idempotency-Key" not in _header_names(one)
    ]
    assert without == [], "take the principal as WriterOnce, AdminOnce or AdminOnceSecret (api/once.py)"


def test_no_schema_has_a_twin_or_an_odd_name(document: Json) -> None:
    odd = [name for name in document["components"]["schemas"] if not name.replace("_", "").isalnum() or "__" in name]
    suffixed = [name for name in document["components"]["schemas"] if name.endswith(("-Input", "-Output"))]
    assert odd == suffixed == [], "two models have one name: call one of them otherwise"
    assert "HTTPValidationError" not in document["components"]["schemas"]


@pytest.mark.parametrize("model", BODIES, ids=lambda model: model.__name__)
def test_each_example_is_a_body_that_is_taken(model: type[BaseModel]) -> None:
    example = EXAMPLES[model.__name__]
    assert model.model_validate(example).model_fields_set == example.keys()


def test_every_example_is_tried() -> None:
    assert {model.__name__ for model in BODIES} == EXAMPLES.keys()


def test_lists_say_what_their_pages_are(document: Json) -> None:
    for _, path, one in operations(document):
        for parameter in one.get("parameters", []):
            if parameter["name"] in {"limit", "cursor", "Idempotency-Key"}:
                assert parameter.get("description"), f"{path}: {parameter['name']}"


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        pytest.param("POST", "/api/v1/leads", "create_lead", id="create"),
        pytest.param("GET", "/api/v1/number-pools", "list_number_pools", id="list"),
        pytest.param("GET", "/api/v1/leads/{lead_id}", "get_lead", id="get"),
        pytest.param("DELETE", "/api/v1/leads/{lead_id}", "delete_lead", id="delete"),
        pytest.param("POST", "/api/v1/campaigns/{campaign_id}/pause", "pause_campaign", id="verb"),
        pytest.param("GET", "/api/v1/leads/{lead_id}/timeline", "get_lead_timeline", id="of-one"),
        pytest.param("GET", "/api/v1/analytics/by-hour", "get_analytics_by_hour", id="of-a-kind"),
        pytest.param("PATCH", "/api/v1/companies/{id}", "update_company", id="another-plural"),
    ],
)
def test_names_come_from_addresses(method: str, path: str, name: str) -> None:
    assert operation_name(method, path) == name


def _resolved(document: Json, response: Json) -> Json:
    if "$ref" not in response:
        return response
    found: Json = document["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
    return found


def _header_names(operation: Json) -> set[str]:
    return {parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "header"}
