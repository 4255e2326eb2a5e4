"""Recordings that players accept: one second of a soft tone, or silence of any size."""

import asyncio
import io
import math
import struct
import wave
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from simulator.wire import ApiError, now_ms

_RATE_HZ = 8000
_PIECE = bytes(64 * 1024)


def tone_wav(seconds: float = 1.0, pitch_hz: float = 440.0) -> bytes:
    """A mono 16-bit WAV file of this length."""
    frames = int(_RATE_HZ * seconds)
    samples = (int(3000 * math.sin(2 * math.pi * pitch_hz * n / _RATE_HZ)) for n in range(frames))
    out = io.BytesIO()
    with wave.open(out, "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(_RATE_HZ)
        recording.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return out.getvalue()


def link_to(base_url: str, call_id: str, lives_seconds: float | None) -> str:
    """The address of a call's recording; with a life it says itself until when it is good, as signed links do."""
    address = f"{base_url}/recordings/{call_id}/recording.wav"
    return address if lives_seconds is None else f"{address}?expires={now_ms() + int(lives_seconds * 1000)}"


async def recording(tone: bytes, request: Request) -> Response:
    """The tone, or 403 as cold storage has it for a link that is no longer good."""
    expires = request.query_params.get("expires", "")
    if expires.isdigit() and now_ms() >= int(expires):
        return ApiError(403).response()
    return Response(tone, media_type="audio/wav")


def huge_recording(size_bytes: int) -> Response:
    """So many bytes of a WAV file, which is never held in memory as a whole."""
    return StreamingResponse(_silence(size_bytes), media_type="audio/wav", headers={"Content-Length": str(size_bytes)})


async def _silence(size_bytes: int) -> AsyncIterator[bytes]:
    begin = tone_wav(0)[:size_bytes]
    yield begin
    left = size_bytes - len(begin)
    while left > 0:
        yield _PIECE[:left]
        left -= len(_PIECE)
        # Sending to somebody who has left takes no time, and nobody would hear that he left.
        await asyncio.sleep(0)
