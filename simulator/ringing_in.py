"""Somebody rings a number of the workspace: its own webhook is asked who it is, then the agent answers."""

import json
from typing import Any
from uuid import uuid4

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simulator.agents import DEFAULT_AGENT_ID, AgentDirectory
from simulator.call import Call
from simulator.caller_ids import CallerIds
from simulator.dialling import terms_of
from simulator.plans import Pin, plan_call
from simulator.scenarios import Scenario
from simulator.settings import Settings
from simulator.signatures import signature
from simulator.switchboard import Switchboard
from simulator.wire import JsonObject, now_ms

_TRIES = 4
"""Retell asks at most so often. Source: docs.retellai.com, inbound call webhook."""


class RingOrder(Pin):
    """Who rings which number, and what becomes of it. ``inbound_webhook_url``: else the number's, if it has one."""

    from_number: str = Field(min_length=1)
    to_number: str = Field(min_length=1)
    scenario: Scenario = Scenario.ANSWER
    inbound_webhook_url: str | None = None


class _Told(BaseModel):
    """What the webhook may answer; anything else in it is let pass."""

    model_config = ConfigDict(strict=True)

    override_agent_id: str | None = None
    override_agent_version: int | str | None = None
    agent_override: dict[str, Any] | None = None
    dynamic_variables: dict[str, str] | None = None
    metadata: dict[str, Any] | None = None


class RingingIn:
    def __init__(
        self,
        settings: Settings,
        api_key: str,
        agents: AgentDirectory,
        caller_ids: CallerIds,
        switchboard: Switchboard,
    ) -> None:
        self._settings = settings
        self._api_key = api_key
        self._agents = agents
        self._caller_ids = caller_ids
        self._switchboard = switchboard

    async def ring(self, order: RingOrder) -> Call:
        """Let the call live, whatever its webhook answers: without an answer the agent knows nothing of the caller.

        Raises:
            ApiError: 422, the number is nobody's.
        """
        number = self._caller_ids.get(order.to_number)
        bound = (number.get("inbound_agents") or [{"agent_id": DEFAULT_AGENT_ID}])[0]
        url = order.inbound_webhook_url or number.get("inbound_webhook_url")
        told = await self._ask(url, order, bound["agent_id"]) if url else _Told()
        agent = self._agents.get(
            told.override_agent_id or bound["agent_id"], told.override_agent_version or bound.get("agent_version")
        )
        call = Call(
            call_id=f"call_{uuid4().hex[:27]}",
            accepted_ms=now_ms(),
            from_number=order.from_number,
            to_number=order.to_number,
            agent_id=agent["agent_id"],
            agent_version=agent["version"],
            agent_name=agent["agent_name"],
            terms=terms_of(agent, {"agent_override": told.agent_override}),
            plan=plan_call(self._settings, order.from_number, 0, order),
            metadata=told.metadata,
            dynamic_variables=told.dynamic_variables,
            direction="inbound",
        )
        self._switchboard.accept(call)
        return call

    async def _ask(self, url: str, order: RingOrder, agent_id: str) -> _Told:
        asked = {"agent_id": agent_id, "from_number": order.from_number, "to_number": order.to_number}
        body = json.dumps({"event": "call_inbound", "call_inbound": asked}, separators=(",", ":"))
        async with httpx.AsyncClient(trust_env=False, timeout=self._settings.webhook_timeout_seconds) as client:
            for _ in range(_TRIES):
                answer = await self._post(client, url, body)
                if answer is not None:
                    return _read(answer)
        return _Told()

    async def _post(self, client: httpx.AsyncClient, url: str, body: str) -> httpx.Response | None:
        headers = {"content-type": "application/json", "x-retell-signature": signature(body, self._api_key, now_ms())}
        try:
            answer = await client.post(url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL):
            return None
        return answer if answer.is_success else None


def _read(answer: httpx.Response) -> _Told:
    try:
        body: JsonObject = answer.json()
        return _Told.model_validate(body.get("call_inbound") or {})
    except (ValueError, AttributeError, ValidationError):
        return _Told()
