"""list-calls, as it is and as it was."""

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from simulator.call import Call
from simulator.callbook import CallBook
from simulator.filters import select
from simulator.pages import page_of
from simulator.payloads import Payloads
from simulator.wire import ApiError, JsonObject, json_body

_OLD_KEYS = {
    "agent_id",
    "call_status",
    "call_type",
    "direction",
    "disconnection_reason",
    "from_number",
    "to_number",
} | {
    "in_voicemail",
    "user_sentiment",
    "call_successful",
    "batch_call_id",
    "call_id",
}


class ListingRoutes:
    def __init__(self, book: CallBook, payloads: Payloads) -> None:
        self._book = book
        self._payloads = payloads

    def routes(self) -> list[Route]:
        return [
            Route("/v3/list-calls", self.list_calls, methods=["POST"]),
            Route("/v2/list-calls", self.old_list_calls, methods=["POST"]),
        ]

    async def list_calls(self, request: Request) -> JSONResponse:
        asked = await json_body(request)
        found = self._found(asked.get("filter_criteria") or {}, asked)
        answer = page_of(found, asked, _call_id).to_json(self._item)
        return JSONResponse(answer | ({"total": len(found)} if asked.get("include_total") else {}))

    async def old_list_calls(self, request: Request) -> JSONResponse:
        asked = await json_body(request)
        found = self._found(_modern(asked.get("filter_criteria") or {}), asked)
        last = asked.pop("pagination_key", None)
        ids = [call.call_id for call in found]
        rest = found[ids.index(last) + 1 :] if last in ids else found
        return JSONResponse([self._payloads.call_object(call) for call in page_of(rest, asked, _call_id).items])

    def _found(self, criteria: object, asked: JsonObject) -> list[Call]:
        if not isinstance(criteria, dict) or asked.get("sort_order", "descending") not in {"ascending", "descending"}:
            raise ApiError(400)
        newest_first = asked.get("sort_order") != "ascending"
        return sorted(select(self._book, criteria), key=lambda call: call.sort_ms, reverse=newest_first)

    def _item(self, call: Call) -> JsonObject:
        return self._payloads.call_object(call, transcripts=False)


def _call_id(call: Call) -> str:
    return call.call_id


def _modern(criteria: JsonObject) -> JsonObject:
    """The old filters, an array of allowed values for each key, written as the new ones."""
    modern: JsonObject = {}
    for key, wanted in criteria.items():
        group, dot, name = key.partition(".")
        if key in {"start_timestamp", "end_timestamp"}:
            bounds = [wanted.get("lower_threshold", 0), wanted.get("upper_threshold", 2**53)]
            modern[key] = {"type": "range", "op": "bt", "value": bounds}
        elif dot and group in {"metadata", "dynamic_variables"}:
            modern.setdefault(group, []).append({"type": "enum", "op": "in", "key": name, "value": wanted})
        elif key == "agent_id":
            modern["agent"] = [{"agent_id": agent_id} for agent_id in wanted]
        elif key in _OLD_KEYS:
            booleans = key in {"in_voicemail", "call_successful"}
            modern[key] = {"type": "boolean", "op": "eq", "value": wanted[0]} if booleans else _any_of(wanted)
        else:
            raise ApiError(400, f"Invalid filter: {key}.")
    return modern


def _any_of(wanted: object) -> JsonObject:
    return {"type": "enum", "op": "in", "value": wanted}
