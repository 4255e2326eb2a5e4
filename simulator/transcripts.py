"""The transcript of a story, with the seconds at which every word was spoken."""

from dataclasses import dataclass
from json import dumps

from simulator.dice import dice
from simulator.story import Said, Story, ToolUse
from simulator.wire import JsonObject

_SPEAKERS = {"agent": "Agent", "user": "User"}


@dataclass(frozen=True, slots=True)
class Transcript:
    text: str
    utterances: list[JsonObject]
    with_tool_calls: list[JsonObject]

    def to_json(self) -> JsonObject:
        return {
            "transcript": self.text,
            "transcript_object": self.utterances,
            "transcript_with_tool_calls": self.with_tool_calls,
        }


def transcribe(story: Story, key: str, talk_seconds: float, until_seconds: float | None = None) -> Transcript:
    """The transcript of what was said before ``until_seconds`` of a talk that takes ``talk_seconds`` as a whole.

    The words are spread over the talk, so a story told in one second has words of milliseconds.
    """
    scale = talk_seconds / (story.natural_seconds or 1.0)
    until = talk_seconds if until_seconds is None else until_seconds
    clock = 0.0
    entries: list[JsonObject] = []
    for number, line in enumerate(story.lines):
        if clock > until or (clock and clock >= until):
            break
        if isinstance(line, Said):
            seconds = line.natural_seconds * scale
            entries.append(_utterance(line, number, clock, seconds))
            clock += seconds
        else:
            entries.extend(_tool_use(line, f"{key}|{number}"))
    spoken = [entry for entry in entries if "words" in entry]
    text = "".join(f"{_SPEAKERS[entry['role']]}: {entry['content']}\n" for entry in spoken)
    return Transcript(text, spoken, entries)


def _utterance(line: Said, number: int, start: float, seconds: float) -> JsonObject:
    words = line.content.split()
    step = seconds / (len(words) + 1)
    timed = [
        {"word": word, "start": round(start + step * i, 3), "end": round(start + step * (i + 1), 3)}
        for i, word in enumerate(words)
    ]
    entry: JsonObject = {"role": line.role, "content": line.content, "words": timed}
    return entry | {"metadata": {"response_id": number}} if line.role == "agent" else entry


def _tool_use(use: ToolUse, seed: str) -> list[JsonObject]:
    call_id = f"tool_call_{dice(seed).getrandbits(24):06x}"
    return [
        {
            "role": "tool_call_invocation",
            "tool_call_id": call_id,
            "name": use.name,
            "arguments": dumps(use.arguments),
        },
        {"role": "tool_call_result", "tool_call_id": call_id, "content": dumps(use.result), "successful": True},
    ]
