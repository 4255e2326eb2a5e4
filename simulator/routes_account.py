"""Agents, their prompts, phone numbers and contacts of the account."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.agents import AgentDirectory
from simulator.caller_ids import CallerIds, is_e164
from simulator.contacts import Contacts
from simulator.pages import page_of
from simulator.prompts import PromptDirectory
from simulator.wire import ApiError, JsonObject, json_body


class AgentRoutes:
    def __init__(self, agents: AgentDirectory) -> None:
        self._agents = agents

    def routes(self) -> list[Route]:
        return [
            Route("/create-agent", self.create, methods=["POST"]),
            Route("/get-agent/{agent_id}", self.get, methods=["GET"]),
            Route("/update-agent/{agent_id}", self.update, methods=["PATCH"]),
            Route("/v2/list-agents", self.everyone, methods=["POST"]),
            Route("/list-agent-versions/{agent_id}", self.versions, methods=["GET"]),
            Route("/publish-agent-version/{agent_id}", self.publish, methods=["POST"]),
        ]

    async def create(self, request: Request) -> JSONResponse:
        asked = await json_body(request)
        if not isinstance(asked.get("voice_id"), str) or not isinstance(asked.get("response_engine"), dict):
            raise ApiError(400)
        agent_id = f"agent_{len(self._agents.everyone()):024d}"
        return JSONResponse(self._agents.store({"agent_id": agent_id, **asked}), 201)

    async def get(self, request: Request) -> JSONResponse:
        version = request.query_params.get("version")
        return JSONResponse(self._agents.get(request.path_params["agent_id"], version))

    async def update(self, request: Request) -> JSONResponse:
        return JSONResponse(self._agents.update(request.path_params["agent_id"], await json_body(request)))

    async def everyone(self, request: Request) -> JSONResponse:
        agents = self._agents.everyone()
        page = page_of(agents, dict(request.query_params), lambda agent: str(agent["agent_id"]))
        return JSONResponse(page.to_json(_listed_agent))

    async def versions(self, request: Request) -> JSONResponse:
        versions = self._agents.versions(request.path_params["agent_id"])
        ascending = request.query_params.get("sort_order") == "ascending"
        ordered = versions if ascending else versions[::-1]
        page = page_of(ordered, dict(request.query_params), lambda version: str(version["version"]))
        return JSONResponse(page.to_json(_listed_version))

    async def publish(self, request: Request) -> Response:
        asked = await json_body(request)
        if not isinstance(asked.get("version"), int):
            raise ApiError(400)
        texts: JsonObject = {name: asked[name] for name in ("version_title", "version_description") if name in asked}
        self._agents.publish(request.path_params["agent_id"], asked["version"], texts)
        return Response(status_code=200)


class PromptRoutes:
    def __init__(self, prompts: PromptDirectory) -> None:
        self._prompts = prompts

    def routes(self) -> list[Route]:
        return [
            Route("/create-retell-llm", self.create, methods=["POST"]),
            Route("/get-retell-llm/{llm_id}", self.get, methods=["GET"]),
            Route("/update-retell-llm/{llm_id}", self.update, methods=["PATCH"]),
        ]

    async def create(self, request: Request) -> JSONResponse:
        return JSONResponse(self._prompts.create(await json_body(request)), 201)

    async def get(self, request: Request) -> JSONResponse:
        return JSONResponse(self._prompts.get(request.path_params["llm_id"]))

    async def update(self, request: Request) -> JSONResponse:
        return JSONResponse(self._prompts.update(request.path_params["llm_id"], await json_body(request)))


class NumberRoutes:
    def __init__(self, caller_ids: CallerIds) -> None:
        self._caller_ids = caller_ids

    def routes(self) -> list[Route]:
        return [
            Route("/v2/list-phone-numbers", self.everyone, methods=["GET"]),
            Route("/get-phone-number/{phone_number}", self.get, methods=["GET"]),
            Route("/update-phone-number/{phone_number}", self.update, methods=["PATCH"]),
            Route("/import-phone-number", self.take_in, methods=["POST"]),
        ]

    async def everyone(self, request: Request) -> JSONResponse:
        numbers = self._caller_ids.everyone()
        page = page_of(numbers, dict(request.query_params), lambda number: str(number["phone_number"]))
        return JSONResponse(page.to_json(lambda number: number))

    async def get(self, request: Request) -> JSONResponse:
        return JSONResponse(self._caller_ids.get(request.path_params["phone_number"]))

    async def update(self, request: Request) -> JSONResponse:
        number = self._caller_ids.get(request.path_params["phone_number"])["phone_number"]
        return JSONResponse(self._caller_ids.store(number, await json_body(request)))

    async def take_in(self, request: Request) -> JSONResponse:
        asked = await json_body(request)
        number, trunk = asked.get("phone_number"), asked.get("termination_uri")
        if not isinstance(number, str) or not isinstance(trunk, str) or not trunk:
            raise ApiError(400)
        if not asked.get("ignore_e164_validation") and not is_e164(number):
            raise ApiError(400, f"phone_number is not in E.164 format: {number}")
        return JSONResponse(self._caller_ids.store(number, asked), 201)


class ContactRoutes:
    def __init__(self, contacts: Contacts) -> None:
        self._contacts = contacts

    def routes(self) -> list[Route]:
        return [
            Route("/create-contact", self.create, methods=["POST"]),
            Route("/get-contact/{contact_id}", self.get, methods=["GET"]),
            Route("/get-contact-by-phone/{phone_number}", self.by_phone, methods=["GET"]),
            Route("/update-contact/{contact_id}", self.update, methods=["PATCH"]),
        ]

    async def create(self, request: Request) -> JSONResponse:
        asked = await json_body(request)
        number = asked.get("phone_number")
        if not isinstance(number, str) or not is_e164(number):
            raise ApiError(400)
        return JSONResponse(self._contacts.create(number, asked), 201)

    async def get(self, request: Request) -> JSONResponse:
        return JSONResponse(self._contacts.by_id(request.path_params["contact_id"]))

    async def by_phone(self, request: Request) -> JSONResponse:
        return JSONResponse(self._contacts.by_number(request.path_params["phone_number"]))

    async def update(self, request: Request) -> JSONResponse:
        return JSONResponse(self._contacts.update(request.path_params["contact_id"], await json_body(request)))


def _listed_agent(agent: JsonObject) -> JsonObject:
    return {
        "agent_id": agent["agent_id"],
        "agent_name": agent["agent_name"],
        "channel": "voice",
        "is_suspended": False,
        "tags": {},
        "user_modified_timestamp": agent["last_modification_timestamp"],
    }


def _listed_version(version: JsonObject) -> JsonObject:
    names = ("version", "is_published", "last_modification_timestamp", "base_version", "version_title")
    return {name: version[name] for name in (*names, "version_description") if name in version}
