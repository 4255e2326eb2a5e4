"""What every question to a Retell account has in common: its key, its deadline, and what an answer may be."""

import asyncio
from collections.abc import Awaitable, Mapping
from datetime import timedelta
from typing import Any

import httpx
from retell import APIConnectionError, APIStatusError, AsyncAPIResponse, AsyncRetell

from telephony.cleaning import decode_json
from telephony.errors import ProviderError
from telephony.http import PROVIDER_TIMEOUT
from telephony.refusals import lost, refused, unanswered

DEFAULT_BASE_URL = "https://api.retellai.com"

ANSWER_DEADLINE = timedelta(seconds=45)
"""The timeouts of httpx start anew with every packet; an answer that trickles in must end as well."""


class RetellConnection:
    """One Retell account. Never retries: who calls it knows what repeating means."""

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
        if not api_key or not api_key.isascii() or not api_key.isprintable():
            msg = "the API key is empty or has characters that no key has; copy it again from the provider's settings"
            raise ValueError(msg)
        self._deadline_seconds = deadline.total_seconds()
        self._client = AsyncRetell(
            api_key=api_key, base_url=base_url, http_client=http, max_retries=0, timeout=PROVIDER_TIMEOUT
        )

    async def _answer(
        self, request: Awaitable[AsyncAPIResponse[Any] | httpx.Response], *, dial: Mapping[str, Any] | None = None
    ) -> httpx.Response:
        """The 2xx answer to a request.

        Errors are raised after their handler, not inside it, so that they don't drag the SDK's error along, which
        holds the request with its phone numbers.
        """
        problem: ProviderError
        try:
            async with asyncio.timeout(self._deadline_seconds):
                answer = await request
                return answer if isinstance(answer, httpx.Response) else answer.http_response
        except APIStatusError as error:
            problem = refused(error.response, dial=dial)
        except APIConnectionError as error:
            problem = lost(error.__cause__, dial=dial)
        except TimeoutError as error:
            problem = lost(error, dial=dial)
        raise problem


def json_object(response: httpx.Response, *, dial: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    try:
        answer = decode_json(response.content)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        msg = f"the provider answered {response.status_code} with something that is no JSON object"
        raise unanswered(msg, dial=dial)
    return answer
