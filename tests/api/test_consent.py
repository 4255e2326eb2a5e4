"""What consent to calls may say."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

A_DAY = timedelta(days=1)


def from_now(by: timedelta) -> str:
    return (datetime.now(UTC) + by).isoformat()


async def post(client: httpx.AsyncClient, consent: Any) -> httpx.Response:  # noqa: ANN401 - JSON
    return await client.post("/api/v1/leads", json={"phone_number": "+12125550123", "consent": consent})


@pytest.mark.parametrize("basis", ["written", "oral", "existing_relationship", "inquiry", "other", "Vertrag § 7"])
async def test_any_basis_is_kept_in_the_senders_words(admin: httpx.AsyncClient, basis: str) -> None:
    consent = {"basis": basis, "text": "x" * 5_000, "source": "form", "given_at": from_now(-A_DAY)}
    answer = await post(admin, consent)
    assert answer.status_code == 201
    kept = answer.json()["consent"]
    assert datetime.fromisoformat(kept["given_at"]) == datetime.fromisoformat(consent["given_at"])
    assert kept | {"given_at": None} == consent | {"given_at": None}


@pytest.mark.parametrize(
    ("consent", "field"),
    [
        pytest.param({"basis": ""}, "consent.basis", id="empty-basis"),
        pytest.param({"basis": "  "}, "consent.basis", id="blank-basis"),
        pytest.param({"basis": "b" * 201}, "consent.basis", id="long-basis"),
        pytest.param({"basis": None}, "consent.basis", id="no-basis"),
        pytest.param({"basis": "written", "text": "x" * 5_001}, "consent.text", id="endless-text"),
        pytest.param({"basis": "written", "given_at": from_now(A_DAY)}, "consent.given_at", id="in-the-future"),
        pytest.param({"basis": "written", "given_at": "2026-01-02T09:00:00"}, "consent.given_at", id="no-offset"),
        pytest.param({"basis": "written", "given": "yes"}, "consent.given", id="misspelt"),
    ],
)
async def test_consent_that_cannot_be_true_or_kept_is_refused(
    admin: httpx.AsyncClient, consent: dict[str, Any], field: str
) -> None:
    answer = await post(admin, consent)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
