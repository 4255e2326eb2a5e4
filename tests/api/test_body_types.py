"""Numbers, truths and instants of bodies are such as JSON has them: what pydantic would make of others is refused."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import TypeAdapter, ValidationError

import api.app  # noqa: F401 - with it comes every body that there is
from activities.input_fields import Input

CAMPAIGNS, LEADS, POOLS = "/api/v1/campaigns", "/api/v1/leads", "/api/v1/number-pools"
WRONG: dict[str, tuple[object, ...]] = {
    "integer": ("3", True),
    "number": ("3", True),
    "boolean": ("yes", "true", 1),
}


def all_inputs(base: type[Input] = Input) -> Iterator[type[Input]]:
    for model in base.__subclasses__():
        yield model
        yield from all_inputs(model)


def typed_fields() -> Iterator[Any]:
    """Each field of each body that takes a number or a truth and no text."""
    for model in all_inputs():
        if "json_schema_extra" in model.model_config:
            continue  # a change, which is read as the whole is
        properties = model.model_json_schema()["properties"]
        for name, field in model.model_fields.items():
            kinds = {one.get("type") for one in properties[name].get("anyOf", [properties[name]])}
            if field.annotation is Any or "string" in kinds:
                continue
            for kind in sorted(kinds & WRONG.keys()):
                yield pytest.param(model, name, kind, id=f"{model.__name__}.{name}")


@pytest.mark.parametrize(("model", "name", "kind"), list(typed_fields()))
def test_no_body_takes_text_or_a_truth_for_a_number_or_anything_else_for_a_truth(
    model: type[Input], name: str, kind: str
) -> None:
    for wrong in WRONG[kind]:
        with pytest.raises(ValidationError) as refused:
            TypeAdapter(model).validate_python({name: wrong})
        assert [error["msg"] for error in refused.value.errors() if error["loc"][0] == name] != [], wrong


def test_the_bodies_that_were_walked_are_many() -> None:
    assert len(list(typed_fields())) > 30


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        pytest.param(CAMPAIGNS, {"name": "x", "max_attempts": "3"}, "max_attempts", id="text-for-a-whole-number"),
        pytest.param(CAMPAIGNS, {"name": "x", "max_attempts": True}, "max_attempts", id="truth-for-a-whole-number"),
        pytest.param(CAMPAIGNS, {"name": "x", "require_consent": "yes"}, "require_consent", id="text-for-a-truth"),
        pytest.param(CAMPAIGNS, {"name": "x", "require_consent": 1}, "require_consent", id="number-for-a-truth"),
        pytest.param(CAMPAIGNS, {"name": "x", "agent_version": True}, "agent_version", id="truth-for-number-or-text"),
        pytest.param(CAMPAIGNS, {"name": "x", "budget": True}, "budget", id="truth-for-money"),
        pytest.param(POOLS, {"name": "x", "max_calls_per_second": "1"}, "max_calls_per_second", id="text-for-a-rate"),
        pytest.param(LEADS, {"phone_number": "+12125550123", "priority": "3"}, "priority", id="priority"),
        pytest.param(
            LEADS, {"phone_number": "+12125550123", "not_before": 1_900_000_000}, "not_before", id="unix-time"
        ),
        pytest.param(LEADS, {"phone_number": "+12125550123", "not_before": "1900000000"}, "not_before", id="as-text"),
        pytest.param(LEADS, {"phone_number": "+12125550123", "not_before": 1.5}, "not_before", id="a-fraction"),
        pytest.param(
            LEADS,
            {"phone_number": "+12125550123", "consent": {"basis": "oral", "given_at": 1_700_000_000}},
            "consent.given_at",
            id="within-another",
        ),
        pytest.param(
            "/api/v1/api-keys",
            {"name": "x", "role": "viewer", "expires_at": 1_900_000_000},
            "expires_at",
            id="end-of-a-key",
        ),
        pytest.param(f"{LEADS}/{UUID(int=0)}/cancel", {"hang_up": "yes"}, "hang_up", id="hang-up"),
    ],
)
async def test_what_json_has_otherwise_is_refused(
    admin: httpx.AsyncClient, path: str, body: dict[str, Any], field: str
) -> None:
    answer = await admin.post(path, json=body)
    assert answer.status_code == 422, answer.text
    assert {error["field"] for error in answer.json()["errors"]} == {field}


async def test_changes_are_read_as_the_whole_is(admin: httpx.AsyncClient) -> None:
    (campaign,) = (await admin.get(CAMPAIGNS)).json()["items"]
    (pool,) = (await admin.get(POOLS)).json()["items"]
    refused = [
        await admin.patch(f"{CAMPAIGNS}/{campaign['id']}", json={"max_attempts": "3"}),
        await admin.patch(f"{CAMPAIGNS}/{campaign['id']}", json={"disclosure_confirmed": "yes"}),
        await admin.patch(f"{POOLS}/{pool['id']}", json={"max_live_calls": True}),
    ]
    assert [answer.status_code for answer in refused] == [422] * 3


async def test_numbers_that_json_has_in_several_ways_are_taken_in_all_of_them(admin: httpx.AsyncClient) -> None:
    body = {"name": "x", "max_attempts": 3.0, "max_calls_per_second": 2, "budget": "10.50", "agent_version": 7}
    answer = await admin.post(CAMPAIGNS, json=body)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["max_attempts"], made["max_calls_per_second"], made["budget"]) == (3, 2.0, 10.5)
    assert made["agent_version"] == "7"


@pytest.mark.parametrize("written", ["2027-01-02T14:00:00Z", "2027-01-02 09:00:00-05:00"])
async def test_instants_are_taken_as_iso_8601_writes_them(admin: httpx.AsyncClient, written: str) -> None:
    answer = await admin.post(LEADS, json={"phone_number": "+12125550123", "not_before": written})
    assert (answer.status_code, answer.json()["not_before"]) == (201, "2027-01-02T14:00:00Z")
