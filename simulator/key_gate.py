"""Lets nobody in without the account's API key, except where Retell has no say: health, control, recordings."""

import hmac

from simulator.fault_gate import App, Message, Receive, Send, operation_of
from simulator.wire import ApiError

_OPEN = frozenset({"healthz", "control", "recordings"})


class KeyGate:
    def __init__(self, app: App, api_key: str) -> None:
        self._app = app
        self._expected = f"Bearer {api_key}".encode()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and operation_of(scope["path"]) not in _OPEN and not self._knows(scope):
            await ApiError(401).response()(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _knows(self, scope: Message) -> bool:
        given = dict(scope["headers"]).get(b"authorization", b"")
        return hmac.compare_digest(given, self._expected)
