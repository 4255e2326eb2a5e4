"""Retell AI as our voice provider."""

from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from retell import APIConnectionError, APIStatusError, AsyncAPIResponse, AsyncRetell

from domain.calls import CallFacts
from domain.ringing_back import INBOUND
from telephony.errors import ProviderRejected, ProviderUnreachable
from telephony.http import ANSWER_DEADLINE, PROVIDER_TIMEOUT
from telephony.payloads import is_call_id
from telephony.provider import Concurrency, PlacedCall
from telephony.retell_answers import check_key, concurrency_of, facts_of, items_of, json_object, looked_up, placed_call
from telephony.retell_exchange import NoAnswer, answer_to, unless_unknown

_NOT_STOPPABLE = frozenset({400, 404, 422})
_NEWEST_FEW = 10
_MOST_IN_A_LIST = 1_000
_OTHER_CALLS = "the provider's list doesn't keep to the attempt that was asked for"


class RetellProvider:
    """One Retell account, a ``VoiceProvider``. Never retries: who calls it knows what repeating means."""

    def __init__(
        self, api_key: str, base_url: str, http: httpx.AsyncClient, *, deadline: timedelta = ANSWER_DEADLINE
    ) -> None:
        """Set up without any request.

        Args:
            api_key: The account's key.
            base_url: Where Retell (``DEFAULT_BASE_URL``) or the simulator listens.
            http: The connections, such as ``provider_http_client``; stays with the caller, who closes it.
            deadline: How long any one request may take as a whole.

        Raises:
            ValueError: the key is empty or has characters no HTTP header can carry.
        """
        check_key(api_key)
        self._deadline = deadline
        self._client = AsyncRetell(
            api_key=api_key, base_url=base_url, http_client=http, max_retries=0, timeout=PROVIDER_TIMEOUT
        )

    async def place(self, body: Mapping[str, Any]) -> PlacedCall:
        """See ``VoiceProvider.place``."""
        # The two named arguments are overlaid by the same two of the frozen body: it leaves exactly as it is.
        request = self._client.call.with_raw_response.create_phone_call(
            from_number=body["from_number"], to_number=body["to_number"], extra_body=dict(body)
        )
        return placed_call(await self._answer(request, dial=body), dial=body)

    async def get(self, call_id: str) -> CallFacts | None:
        """See ``VoiceProvider.get``."""
        if not is_call_id(call_id):
            return None
        response = await unless_unknown(self._answer(self._client.call.with_raw_response.retrieve(call_id)))
        return None if response is None else looked_up(response, call_id)

    async def find(self, attempt_id: UUID) -> CallFacts | None:
        """See ``VoiceProvider.find``."""
        request = self._client.call.with_raw_response.list(
            filter_criteria={
                "metadata": [{"key": "attempt_id", "op": "eq", "type": "string", "value": str(attempt_id)}]
            },
            limit=_NEWEST_FEW,
            sort_order="descending",
        )
        items = items_of(json_object(await self._answer(request)))
        found = _with_attempt(items, attempt_id)
        # The list leaves out transcripts.
        return (await self.get(found.call_id) or found) if found else None

    async def list_calls(self, attempt_ids: Sequence[UUID]) -> Sequence[CallFacts]:
        """See ``VoiceProvider.list_calls``."""
        asked = set(attempt_ids)
        if not asked:
            return []
        wanted = [str(attempt_id) for attempt_id in asked]
        request = self._client.call.with_raw_response.list(
            filter_criteria={"metadata": [{"key": "attempt_id", "op": "in", "type": "enum", "value": wanted}]},
            limit=_MOST_IN_A_LIST,
            sort_order="descending",
        )
        items = items_of(json_object(await self._answer(request)))
        newest: dict[UUID, CallFacts] = {}
        for facts in map(facts_of, items):
            if facts is not None and facts.attempt_id is not None and facts.attempt_id in asked:
                newest.setdefault(facts.attempt_id, facts)
        if items and not newest:
            raise ProviderUnreachable(_OTHER_CALLS)
        return list(newest.values())

    async def list_inbound(self, since: datetime) -> Sequence[CallFacts]:
        """See ``VoiceProvider.list_inbound``."""
        request = self._client.call.with_raw_response.list(
            filter_criteria={
                "direction": {"op": "in", "type": "enum", "value": ["inbound"]},
                "start_timestamp": {"op": "ge", "type": "number", "value": int(since.timestamp() * 1000)},
            },
            limit=_MOST_IN_A_LIST,
            sort_order="descending",
        )
        listed = map(facts_of, items_of(json_object(await self._answer(request))))
        # Whether the filter is honoured isn't left to the provider: a call of ours would be taken for somebody's own.
        return [facts for facts in listed if facts is not None and facts.direction == INBOUND]

    async def stop(self, call_id: str) -> None:
        """See ``VoiceProvider.stop``."""
        if not is_call_id(call_id):
            return
        try:
            await self._answer(self._client.call.with_raw_response.stop(call_id))
        except ProviderRejected as error:
            if error.status not in _NOT_STOPPABLE:
                raise
            facts = await self.get(call_id)
            # Refused while it rings or talks is no success: the person would stay on the line.
            if facts is not None and not facts.ended:
                raise

    async def delete(self, call_id: str) -> None:
        """See ``VoiceProvider.delete``."""
        if not is_call_id(call_id):
            return
        try:
            await self._answer(self._client.call.with_raw_response.delete(call_id))
        except ProviderRejected as error:
            # An unknown call is refused by the status of a wrong question: only where it isn't there it is gone.
            if error.status not in _NOT_STOPPABLE or await self.get(call_id) is not None:
                raise

    async def concurrency(self) -> Concurrency:
        """See ``VoiceProvider.concurrency``."""
        return concurrency_of(await self._answer(self._client.concurrency.with_raw_response.retrieve()))

    async def _answer(
        self, request: Awaitable[AsyncAPIResponse[Any]], *, dial: Mapping[str, Any] | None = None
    ) -> httpx.Response:
        return await answer_to(_exchange(request), deadline=self._deadline, dial=dial)


async def _exchange(request: Awaitable[AsyncAPIResponse[Any]]) -> httpx.Response | NoAnswer:
    """What the SDK's errors come of: an answer of another status, or what httpx raised."""
    try:
        return (await request).http_response
    except APIStatusError as error:
        return error.response
    except APIConnectionError as error:
        return NoAnswer(error.__cause__)


def _with_attempt(items: list[Any], attempt_id: UUID) -> CallFacts | None:
    """The first call that carries the attempt id.

    Raises:
        ProviderUnreachable: there are calls and none carries it: the filter was not honoured, which proves nothing.
    """
    for facts in map(facts_of, items):
        if facts is not None and facts.attempt_id == attempt_id:
            return facts
    if items:
        raise ProviderUnreachable(_OTHER_CALLS)
    return None
