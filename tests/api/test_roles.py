"""Every route, asked by everybody who may ask and everybody who may not.

A route that isn't in the table fails the test.
"""

from collections.abc import Iterable

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Route

from tests.api.who_may_what import ASKING, MAY, NOWHERE, TABLE, Everybody, ask, everybody

__all__ = ["everybody"]

WEBHOOK_KEYS = "/api/v1/accounts/{account_id}/webhook-keys"

# Where one name in a path stands for different things.
NAMES = {
    "/api/v1/api-keys/{key_id}": "/api/v1/api-keys/{api_key_id}",
    f"{WEBHOOK_KEYS}/{{key_id}}": f"{WEBHOOK_KEYS}/{{webhook_key_id}}",
}


def routes_of(routes: Iterable[BaseRoute]) -> Iterable[tuple[str, str]]:
    """Method and path of each, also of those in routers that were included; what is neither is named as it stands."""
    for route in routes:
        included = getattr(route, "original_router", None)
        if isinstance(included, APIRouter):
            yield from routes_of(included.routes)
        elif isinstance(route, APIRoute | Route):
            # Starlette adds HEAD to its own; api.head answers it for all of them.
            methods = set(route.methods or ()) - {"HEAD"}
            yield from ((method, NAMES.get(route.path, route.path)) for method in methods)
        else:
            yield "ANY", getattr(route, "path", repr(route))


def test_every_route_is_in_the_table_and_nothing_else(app: FastAPI) -> None:
    assert set(routes_of(app.routes)) == TABLE.keys()


@pytest.mark.parametrize("at", TABLE, ids=" ".join)
async def test_each_role_may_what_the_table_says(everybody: Everybody, at: tuple[str, str]) -> None:
    expected = TABLE[at]
    may = MAY[expected.whom]
    for who in sorted(ASKING, key=lambda who: who in may):  # whoever may not goes first, and must leave no trace
        answer = await ask(everybody[who], at, NOWHERE)
        status = expected.answer if who in may else 401 if who == "nobody" else 403
        assert (who, answer.status_code) == (who, status), answer.text
        if who not in may:
            assert answer.headers["content-type"] == "application/problem+json"
