"""The real client over a network that a test makes up."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import httpx
import pytest

from telephony.retell_client import RetellProvider

Handler = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
async def provider_over() -> AsyncIterator[Callable[[Handler], RetellProvider]]:
    """Makes a provider whose every request is answered by the handler given."""
    async with AsyncExitStack() as stack:

        def make(handler: Handler) -> RetellProvider:
            http = httpx.AsyncClient(transport=httpx.MockTransport(handler))
            stack.push_async_callback(http.aclose)
            return RetellProvider("key_of_tests", "https://provider.example.com", http)

        yield make
