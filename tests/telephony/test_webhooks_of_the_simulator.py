import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from domain.calls import CallEvent
from telephony.payloads import event_key, parse_webhook
from telephony.requests import CallRequest, build_call_body
from telephony.retell_client import RetellProvider
from telephony.webhook_signature import verify_signature
from tests.patience import PATIENCE_SECONDS

KEY = "key_of_tests"


class Receiver:
    """Takes webhooks: the smallest HTTP server that does."""

    def __init__(self) -> None:
        self.hooks: list[tuple[bytes, str]] = []
        self.arrived = asyncio.Condition()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:-2]
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        hook = await reader.readexactly(int(headers["content-length"]))
        writer.write(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()
        async with self.arrived:
            self.hooks.append((hook, headers["x-retell-signature"]))
            self.arrived.notify_all()

    def has(self, event: str) -> bool:
        return any(f'"{event}"'.encode() in hook for hook, _ in self.hooks)

    async def wait_for(self, event: str) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS), self.arrived:
            await self.arrived.wait_for(lambda: self.has(event))


async def test_every_webhook_of_a_call_is_genuine_and_readable(provider: RetellProvider) -> None:
    receiver = Receiver()
    async with await asyncio.start_server(receiver.serve, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        request = CallRequest(
            attempt_id=uuid4(),
            lead_id=uuid4(),
            from_number="+12125550100",
            to_number="+13125550142",
            webhook_url=f"http://127.0.0.1:{port}/hook",
            max_duration=timedelta(seconds=300),
        )
        placed = await provider.place(build_call_body(request))
        await receiver.wait_for("call_analyzed")

    now = datetime.now(UTC)
    facts = [parse_webhook(hook) for hook, _ in receiver.hooks]
    assert all(verify_signature(hook, header, [KEY], now=now) for hook, header in receiver.hooks)
    assert {fact.call_id for fact in facts} == {placed.call_id}
    assert {CallEvent.STARTED, CallEvent.ENDED, CallEvent.ANALYZED} <= {fact.event for fact in facts}
    lifecycle = [event_key(fact) for fact in facts if fact.event is not CallEvent.TRANSCRIPT_UPDATED]
    assert len(lifecycle) == len(set(lifecycle))
