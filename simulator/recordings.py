"""A recording that players accept: one second of a soft tone."""

import io
import math
import struct
import wave

_RATE_HZ = 8000


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
