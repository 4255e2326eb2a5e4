"""What every request is asked before its route: whether its body is of the kind that the route reads, and whether the
route knows each of its query parameters and it is there once. Of two values one would be dropped silently, and without
its misspelt filter a list shows everything.
"""

from collections.abc import Iterator

from fastapi import Request, params
from fastapi._compat import ModelField
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel
from starlette.datastructures import Headers

from activities.input_errors import LONGEST_FIELD
from api.body_limit import WEBHOOK_PATH
from api.problems import Invalid, UnsupportedMediaType

ROOT = "/api/v1/"
JSON = "application/json"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


async def readable(request: Request) -> None:
    """Raises UnsupportedMediaType or Invalid."""
    route = request.scope.get("route")
    names = [name for name, _ in request.query_params.multi_items()]
    if names and _is_ours(request.scope["path"]):
        _check_known(names, list(dict.fromkeys(_query_of(getattr(route, "dependant", Dependant())))))
    for name in names:
        if names.count(name) > 1:
            raise Invalid(name, "Give it once.")
    body = getattr(route, "body_field", None)
    if body is not None and _has_body(request.headers):
        _check(request.headers.get("content-type", ""), body)


def _is_ours(path: str) -> bool:
    """The provider may add to the addresses of webhooks what it likes."""
    return path.startswith(ROOT) and not path.startswith(WEBHOOK_PATH)


def _check_known(names: list[str], known: list[str]) -> None:
    there_are = f"Those that it knows: {', '.join(known)}." if known else "It knows none."
    for name in names:
        if name not in known:
            raise Invalid(name[:LONGEST_FIELD], f"This address knows no such query parameter. {there_are}")


def _query_of(dependant: Dependant) -> Iterator[str]:
    """The names of the query parameters of a route and of all that it depends on, in their order."""
    for field in dependant.query_params:
        model = field.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            yield from (one.alias or name for name, one in model.model_fields.items())
        else:
            yield field.alias
    for inner in dependant.dependencies:
        yield from _query_of(inner)


def _check(written: str, body: ModelField) -> None:
    kind = written.partition(";")[0].strip().lower()
    if isinstance(body.field_info, params.Form):
        if kind not in FORMS:
            raise UnsupportedMediaType(f"Send the body as {FORMS[0]}.")
    elif kind != JSON and not (kind.startswith("application/") and kind.endswith("+json")):
        raise UnsupportedMediaType(f"Send the body as {JSON}.")


def _has_body(headers: Headers) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
