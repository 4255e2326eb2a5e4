"""A Retell account as people set it up: agents, their words, and phone numbers."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx

from domain.calls import CallFacts
from telephony import fields
from telephony.errors import ProviderUnreachable
from telephony.http import ANSWER_DEADLINE
from telephony.provider import Concurrency, PlacedCall
from telephony.retell_answers import check_key, concurrency_of, items_of, json_object, looked_up, placed_call
from telephony.retell_exchange import NoAnswer, answer_to, unless_unknown
from telephony.workspace import Agent, AgentVersions, ListedAgent, NumberToImport, Words, WorkspaceNumber

_PAGE = 1_000
_MOST_PAGES = 20
_LONGEST_TEXT = 200_000
_LONGEST_NAME = 200


class RetellWorkspace:
    """What an API process asks of one Retell account, without the SDK, whose import would take it seconds to start.

    Every method raises from the tree in ``telephony.errors`` and nothing else, save cancellation. Never retries.
    """

    def __init__(
        self, api_key: str, base_url: str, http: httpx.AsyncClient, *, deadline: timedelta = ANSWER_DEADLINE
    ) -> None:
        """Set up without any request; arguments as for ``RetellProvider``.

        Raises:
            ValueError: the key is empty or has characters no HTTP header can carry.
        """
        check_key(api_key)
        self._headers = {"Authorization": f"Bearer {api_key}"}
        self._base_url = base_url.rstrip("/")
        self._http = http
        self._deadline = deadline

    async def concurrency(self) -> Concurrency:
        """See ``VoiceProvider.concurrency``."""
        return concurrency_of(await self._answer("GET", "/get-concurrency"))

    async def place(self, body: Mapping[str, Any]) -> PlacedCall:
        """See ``VoiceProvider.place``."""
        answer = await self._answer("POST", "/v2/create-phone-call", body=body, dial=body)
        return placed_call(answer, dial=body)

    async def get(self, call_id: str) -> CallFacts | None:
        """See ``VoiceProvider.get``."""
        response = await unless_unknown(self._answer("GET", f"/v2/get-call/{quote(call_id, safe='')}"))
        return None if response is None else looked_up(response, call_id)

    async def stop(self, call_id: str) -> None:
        """End a call that rings or is live. One that is over already is refused, as one that can't be stopped yet."""
        await self._answer("POST", f"/v2/stop-call/{quote(call_id, safe='')}")

    async def agents(self) -> Sequence[ListedAgent]:
        """Every agent for calls, the newest first; as many as twenty pages hold."""
        items = self._everything("POST", "/v2/list-agents")
        named = [
            ListedAgent(agent_id, fields.text(item.get("agent_name"), longest=_LONGEST_NAME))
            async for item in items
            if (agent_id := fields.text(item.get("agent_id"), longest=_LONGEST_NAME)) is not None
            and item.get("channel", "voice") == "voice"
        ]
        return list({agent.agent_id: agent for agent in named}.values())

    async def agent_versions(self, agent_id: str) -> AgentVersions | None:
        """Which versions an agent has; None when the account has no such agent."""
        path = f"/list-agent-versions/{quote(agent_id, safe='')}"
        versions = await unless_unknown(_all(self._everything("GET", path)))
        if versions is None:
            return None
        known = [(fields.whole(item.get("version")), item.get("is_published") is True) for item in versions]
        numbers = [(version, published) for version, published in known if version is not None]
        return AgentVersions(
            latest=max((version for version, _ in numbers), default=None),
            latest_published=max((version for version, published in numbers if published), default=None),
        )

    async def agent(self, agent_id: str, version: int | str | None = None) -> Agent | None:
        """One version of an agent (None for its latest); None when the account has no such agent or version."""
        answer = await self._find(f"/get-agent/{quote(agent_id, safe='')}", version)
        if answer is None:
            return None
        number = fields.whole(answer.get("version"))
        if answer.get("agent_id") != agent_id or number is None:
            raise ProviderUnreachable("the provider's answer isn't the agent that was asked for")
        engine = fields.mapping(answer.get("response_engine")) or {}
        option = fields.mapping(answer.get("voicemail_option")) or {}
        return Agent(
            agent_id=agent_id,
            name=fields.text(answer.get("agent_name"), longest=_LONGEST_NAME),
            version=number,
            is_published=answer.get("is_published") is True,
            voicemail_action=fields.mapping(option.get("action")) is not None,
            llm_id=fields.text(engine.get("llm_id"), longest=_LONGEST_NAME),
            llm_version=fields.whole(engine.get("version")),
        )

    async def words(self, llm_id: str, version: int | None) -> Words | None:
        """What the agent's prompt says; None when the account has no such prompt."""
        answer = await self._find(f"/get-retell-llm/{quote(llm_id, safe='')}", version)
        if answer is None:
            return None
        states = answer.get("states")
        prompts = [state.get("state_prompt") for state in states if isinstance(state, Mapping)] if states else []
        every = (answer.get("general_prompt"), answer.get("begin_message"), *prompts)
        texts = [text for one in every if (text := fields.text(one, longest=_LONGEST_TEXT)) is not None]
        return Words(texts, frozenset(fields.mapping(answer.get("default_dynamic_variables")) or {}))

    async def numbers(self) -> Sequence[WorkspaceNumber]:
        """Every number of the account; as many as twenty pages hold."""
        numbers = [_number(item) async for item in self._everything("GET", "/v2/list-phone-numbers")]
        return [number for number in numbers if number is not None]

    async def number(self, phone_number: str) -> WorkspaceNumber | None:
        """One number; None when the account hasn't got it."""
        answer = await self._find(f"/get-phone-number/{quote(phone_number, safe='')}", None)
        return None if answer is None else _number(answer)

    async def import_number(self, number: NumberToImport) -> WorkspaceNumber:
        """Take in a number of one's own trunk; one that is there already is refused by the provider."""
        named = {
            "sip_trunk_auth_username": number.username,
            "sip_trunk_auth_password": number.password,
            "transport": number.transport,
            "nickname": number.nickname,
        }
        body: dict[str, Any] = {"phone_number": number.phone_number, "termination_uri": number.termination_uri}
        body |= {name: value for name, value in named.items() if value is not None}
        if number.outbound_agent is not None:
            body["outbound_agents"] = [{"agent_id": number.outbound_agent, "weight": 1}]
        taken = _number(json_object(await self._answer("POST", "/import-phone-number", body=body)))
        if taken is None:
            raise ProviderUnreachable("the provider's answer isn't the number that was imported")
        return taken

    async def _find(self, path: str, version: int | str | None) -> Mapping[str, Any] | None:
        query = {} if version is None else {"version": version}
        response = await unless_unknown(self._answer("GET", path, query))
        return None if response is None else json_object(response)

    async def _answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, int | str] | None = None,
        *,
        body: Mapping[str, Any] | None = None,
        dial: Mapping[str, Any] | None = None,
    ) -> httpx.Response:
        return await answer_to(self._exchange(method, path, query, body), deadline=self._deadline, dial=dial)

    async def _exchange(
        self, method: str, path: str, query: Mapping[str, int | str] | None, body: Mapping[str, Any] | None
    ) -> httpx.Response | NoAnswer:
        url = f"{self._base_url}{path}"
        try:
            return await self._http.request(method, url, params=query, json=body, headers=self._headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return NoAnswer(error)

    async def _everything(self, method: str, path: str) -> AsyncIterator[Mapping[str, Any]]:
        key: str | None = None
        for _ in range(_MOST_PAGES):
            query: dict[str, int | str] = {"limit": _PAGE} | ({} if key is None else {"pagination_key": key})
            page = json_object(await self._answer(method, path, query))
            for item in items_of(page):
                if isinstance(item, Mapping):
                    yield item
            key = fields.text(page.get("pagination_key"))
            if page.get("has_more") is not True or key is None:
                return


async def _all(items: AsyncIterator[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [item async for item in items]


def _number(item: Mapping[str, Any]) -> WorkspaceNumber | None:
    phone_number = fields.text(item.get("phone_number"), longest=_LONGEST_NAME)
    if phone_number is None:
        return None
    bound = item.get("outbound_agents")
    agents = [agent.get("agent_id") for agent in bound if isinstance(agent, Mapping)] if isinstance(bound, list) else []
    old = item.get("outbound_agent_id")
    trunk = fields.mapping(item.get("sip_outbound_trunk_config")) or {}
    countries = item.get("allowed_outbound_country_list")
    return WorkspaceNumber(
        phone_number=phone_number,
        nickname=fields.text(item.get("nickname"), longest=_LONGEST_NAME),
        kind=fields.text(item.get("phone_number_type"), longest=_LONGEST_NAME),
        termination_uri=fields.text(trunk.get("termination_uri"), longest=_LONGEST_NAME),
        outbound_agents=[agent for agent in (*agents, old) if isinstance(agent, str) and agent],
        countries=[one for one in countries if isinstance(one, str)] if isinstance(countries, list) else None,
    )
