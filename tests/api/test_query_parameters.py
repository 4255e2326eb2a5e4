"""Query parameters that an address doesn't know are refused: without its misspelt filter a list shows everything."""

from collections.abc import Callable

import httpx
import pytest

from api.body_limit import WEBHOOK_PATH
from tests.api.who_may_what import TABLE

ROUTES = [at for at in TABLE if at[1].startswith("/api/v1/") and not at[1].startswith(WEBHOOK_PATH)]


@pytest.mark.parametrize(("method", "path"), ROUTES, ids=" ".join)
async def test_no_address_takes_a_parameter_that_it_does_not_know(
    admin: httpx.AsyncClient, method: str, path: str
) -> None:
    answer = await admin.request(method, path, params={"statsu": "done"})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == "statsu"


@pytest.mark.parametrize(
    ("path", "known"),
    [
        pytest.param(
            "leads",
            "limit, cursor, status, outcome, disposition, source, q, campaign_id",
            id="of-all-that-a-route-depends-on",
        ),
        pytest.param("analytics/summary", "from, to, campaign_id, time_zone", id="by-the-names-they-are-given-by"),
        pytest.param("users/invitations", "limit, cursor", id="of-a-page"),
    ],
)
async def test_the_parameters_that_there_are_are_told(admin: httpx.AsyncClient, path: str, known: str) -> None:
    answer = await admin.get(f"/api/v1/{path}", params={"statsu": "done"})
    assert set(answer.json()["detail"].rpartition(": ")[2].rstrip(".").split(", ")) == set(known.split(", "))


async def test_where_there_are_none_that_is_told(admin: httpx.AsyncClient) -> None:
    answer = await admin.get("/api/v1/organizations/current", params={"a\x00" * 100: "1"})
    assert (answer.status_code, "knows none" in answer.json()["detail"]) == (422, True)


async def test_the_provider_may_add_what_it_likes(
    anyone: httpx.AsyncClient, sign: Callable[[bytes], dict[str, str]], webhook: Callable[..., bytes]
) -> None:
    body = webhook("call_ended")
    answer = await anyone.post(f"{WEBHOOK_PATH}?attempt=2", content=body, headers=sign(body))
    assert answer.status_code == 204


async def test_other_addresses_are_left_alone(anyone: httpx.AsyncClient) -> None:
    assert (await anyone.get("/healthz", params={"probe": "1"})).status_code == 200
