"""The provider, where the network begins: answers from a script, and remembers every request."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


@dataclass
class ProviderEdge:
    """``dials`` are answered from the front, then every dial is taken. ``calls`` are what the provider knows."""

    dials: list[Answer] = field(default_factory=list)
    calls: dict[str, dict[str, Any]] = field(default_factory=dict)
    dialled: list[bytes] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    questions: list[Answer] = field(default_factory=list)
    """Answers to anything that is no dial, before ``calls`` is looked at."""
    concurrency: dict[str, int] = field(default_factory=lambda: {"current_concurrency": 0, "concurrency_limit": 100})

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.endswith("/create-phone-call"):
            self.dialled.append(request.content)
            return _give(self.dials.pop(0), request) if self.dials else self._taken(request)
        if self.questions:
            return _give(self.questions.pop(0), request)
        if path.endswith("/get-concurrency"):
            return httpx.Response(200, json=self.concurrency)
        if "stop-call" in path:
            self.stopped.append(path.rsplit("/", 1)[1])
            return httpx.Response(204)
        if "delete-call" in path:
            self.deleted.append(path.rsplit("/", 1)[1])
            self.calls.pop(self.deleted[-1], None)
            return httpx.Response(204)
        if "list-calls" in path:
            return httpx.Response(200, json={"items": self._found(json.loads(request.content))})
        call = self.calls.get(path.rsplit("/", 1)[1])
        return httpx.Response(200, json=call) if call else httpx.Response(404, json={"message": "not found"})

    def knows(self, attempt_id: object, call: dict[str, Any] | None = None, call_id: str = "call_1") -> None:
        """Have the provider list this call."""
        known = {"call_id": call_id, "metadata": {"attempt_id": str(attempt_id)}, "call_status": "ongoing"}
        self.calls[call_id] = known | (call or {})

    def _taken(self, request: httpx.Request) -> httpx.Response:
        attempt = json.loads(request.content)["idempotency_key"]
        self.knows(attempt, {"agent_id": "agent_1", "agent_version": 3}, f"call_{attempt}")
        return httpx.Response(201, json=self.calls[f"call_{attempt}"])

    def _found(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        wanted = body["filter_criteria"]["metadata"][0]["value"]
        return [call for call in self.calls.values() if call["metadata"]["attempt_id"] == wanted]


def refuses(status: int, message: str, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"status": "error", "message": message}, headers=headers)


def _give(answer: Answer, request: httpx.Request) -> httpx.Response:
    if isinstance(answer, Exception):
        raise answer
    return answer(request) if callable(answer) else answer
