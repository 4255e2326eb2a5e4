"""The provider, where the network begins: a workspace that takes some keys, and remembers what it was asked."""

import json
from dataclasses import dataclass, field
from typing import Any

import httpx

JsonObject = dict[str, Any]


def refused(status: int, message: str = "no") -> httpx.Response:
    return httpx.Response(status, json={"status": "error", "message": message})


@dataclass
class PretendProvider:
    """``agents``: their versions by id, each as get-agent answers it."""

    keys: set[str]
    agents: dict[str, list[JsonObject]] = field(default_factory=dict)
    prompts: dict[str, JsonObject] = field(default_factory=dict)
    numbers: dict[str, JsonObject] = field(default_factory=dict)
    concurrency: JsonObject = field(default_factory=lambda: {"current_concurrency": 2, "concurrency_limit": 20})
    is_away: bool = False
    asked: list[str] = field(default_factory=list)
    calls: dict[str, JsonObject] = field(default_factory=dict)
    imported: list[JsonObject] = field(default_factory=list)
    dialled: list[JsonObject] = field(default_factory=list)
    refuses_dials: httpx.Response | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        if self.is_away:
            raise httpx.ConnectError("no route", request=request)
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.keys:
            return refused(401, "API key is missing or invalid.")
        operation, _, name = request.url.path.removeprefix("/v2").strip("/").partition("/")
        body = json.loads(request.content) if request.content else {}
        return self._answer(operation, name, body, request.url.params.get("version"))

    def _answer(self, operation: str, name: str, body: JsonObject, version: str | None) -> httpx.Response:
        match operation:
            case "get-concurrency":
                return httpx.Response(200, json=self.concurrency)
            case "list-agents":
                agents = [{"agent_id": one, "agent_name": one.title(), "channel": "voice"} for one in self.agents]
                return httpx.Response(200, json={"items": agents, "has_more": False})
            case "list-agent-versions" if name in self.agents:
                return httpx.Response(200, json={"items": self.agents[name], "has_more": False})
            case "get-agent":
                return self._agent(name, version)
            case "get-retell-llm" if name in self.prompts:
                return httpx.Response(200, json=self.prompts[name])
            case "list-phone-numbers":
                return httpx.Response(200, json={"items": list(self.numbers.values()), "has_more": False})
            case "import-phone-number":
                return self._import(body)
            case "get-call" if name in self.calls:
                return httpx.Response(200, json=self.calls[name])
            case "create-phone-call":
                return self._dial(body)
        return refused(422, "Cannot find requested asset under given api key.")

    def _agent(self, name: str, version: str | None) -> httpx.Response:
        fitting = [one for one in self.agents.get(name, []) if version in (None, str(one["version"]))]
        return httpx.Response(200, json=fitting[-1]) if fitting else refused(422)

    def _import(self, body: JsonObject) -> httpx.Response:
        self.imported.append(body)
        if body["phone_number"] in self.numbers:
            return refused(400, "phone number already exists")
        self.has_number(body["phone_number"], *(one["agent_id"] for one in body.get("outbound_agents", [])))
        return httpx.Response(201, json=self.numbers[body["phone_number"]])

    def _dial(self, body: JsonObject) -> httpx.Response:
        self.dialled.append(body)
        if self.refuses_dials is not None:
            return self.refuses_dials
        call = {"call_id": f"call_{len(self.dialled)}", "agent_id": "agent_1", "agent_version": 2}
        return httpx.Response(201, json=call)

    def has_number(self, phone_number: str, *agents: str) -> None:
        bound = [{"agent_id": agent, "weight": 1} for agent in agents]
        self.numbers[phone_number] = {"phone_number": phone_number, "outbound_agents": bound}

    def has_agent(self, agent_id: str, *published: bool, prompt: str = "Hello.", **fields: Any) -> None:  # noqa: ANN401
        """An agent with a version for each of these, published or not, and a prompt."""
        self.agents[agent_id] = [
            {
                "agent_id": agent_id,
                "agent_name": agent_id.title(),
                "version": version,
                "is_published": is_published,
                "voicemail_option": {"action": {"type": "hangup"}},
                "response_engine": {"type": "retell-llm", "llm_id": f"llm_{agent_id}", "version": version},
                **fields,
            }
            for version, is_published in enumerate(published)
        ]
        self.prompts[f"llm_{agent_id}"] = {"llm_id": f"llm_{agent_id}", "general_prompt": prompt}
