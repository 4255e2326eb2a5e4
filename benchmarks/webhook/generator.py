"""The one who sends, a process of its own: ``python -m benchmarks.webhook.generator``, an order in, what it found out.

Beside the system that is measured it would wait for its turn at the same interpreter.
"""

import asyncio
import gc
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.errors import BenchmarkFailed
from benchmarks.webhook.bodies import Story, in_order_of_sending
from benchmarks.webhook.order import Order, Sent, Spoken
from benchmarks.webhook.sending import Sending
from runtime.embedded.short_turns import take_short_turns

PROJECT = Path(__file__).resolve().parents[2]


async def send(order: Order) -> Sent:
    """Have a process of its own send the webhooks of some calls.

    Raises:
        BenchmarkFailed: One wasn't answered as the order expects, or not at all.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.webhook.generator",
        cwd=PROJECT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        found, _ = await process.communicate(order.to_json())
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        raise BenchmarkFailed(found.decode() or f"The generator ended with status {process.returncode}.")
    sent = Sent.from_json(found)
    if set(sent.statuses) != {str(order.expected)}:
        raise BenchmarkFailed(
            f"All webhooks should be answered {order.expected}; the answers at {order.target.url}: {sent.statuses}."
        )
    return sent


def _sent(order: Order) -> Sent:
    ended_ms = int(time.time() * 1000)
    calls = [Story(call, ended_ms, order.recordings).webhooks() for call in order.calls]
    bodies = in_order_of_sending(calls)
    sending = Sending(order, bodies)
    # A collection in the middle would look like a late answer.
    gc.freeze()
    gc.disable()
    sent = asyncio.run(sending.send_all())
    return replace(sent, spoken=tuple(_spoken(bodies, sending.sent_at)))


def _spoken(bodies: Sequence[bytes], sent_at: Sequence[float]) -> Iterator[Spoken]:
    for body, at in zip(bodies, sent_at, strict=True):
        event = json.loads(body)
        if event["event"] == "transcript_updated":
            yield Spoken(event["call"]["call_id"], len(event["call"]["transcript_object"]), at)


def _main() -> int:
    # It stands for a provider with a machine of its own, and mustn't wait for who is measured.
    take_short_turns(os.getpid())
    order = Order.from_json(sys.stdin.buffer.read())
    try:
        sys.stdout.buffer.write(_sent(order).to_json())
    except OSError as error:
        sys.stdout.write(f"Webhooks could not be sent to {order.target.url}: {error!r}.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main())
