"""What the provider says about a call: the webhooks of its life, as they come over the wire.

Source: docs.retellai.com, webhook overview and get-call.
"""

import json
from collections.abc import Sequence
from random import Random

from benchmarks.webhook.scale import TRANSCRIPTS, WEBHOOKS_A_CALL
from commands.demo.client import Json

OPENINGS = ("Hello?", "Good morning.", "Yes, who is this?", "Hi, speaking.")
GREETINGS = (
    "Hi {name}, this is Ava from Northwind. Is this a good moment?",
    "Good day {name}, Grace from Northwind. You asked for an offer.",
    "Hello {name}, Jordan from Northwind. Do you have two minutes?",
)
ANSWERS = (
    "We do it all by hand, honestly.",
    "We have one, but the price went up again.",
    "I would have to ask my partner.",
)
GOODBYES = ("Thank you for your time, have a great day!", "I'll send you something in writing. Goodbye!")
INTERESTS = ("high", "medium", "low", "none")

SECONDS_A_WORD = 0.34
CENTS_A_SECOND = 13 / 60


class Story:
    """The same call always gives the same words, and no two calls the same."""

    def __init__(self, call: Json, ended_ms: int, recordings: str) -> None:
        self._call = call
        self._ended_ms = ended_ms
        self._recordings = recordings
        self._dice = Random(call["call_id"])  # noqa: S311 - nothing secret is made of it
        self._sid = f"CA{self._dice.getrandbits(128):032x}"
        self._utterances = self._told()

    def webhooks(self) -> list[bytes]:
        """The seven bodies, in the order of their sending."""
        ongoing = self._basics("ongoing")
        transcripts = [self._transcript(update) for update in range(1, TRANSCRIPTS + 1)]
        ended = self._basics("ended") | transcripts[-1] | self._ending()
        running = [
            _body("transcript_updated", ongoing | transcript, beside={"transcript_with_tool_calls": words})
            for transcript in transcripts
            if (words := transcript["transcript_object"])
        ]
        analyzed = ended | {"call_analysis": self._analysis()}
        return [_body("call_started", ongoing), *running, _body("call_ended", ended), _body("call_analyzed", analyzed)]

    def _told(self) -> list[Json]:
        throw, name = self._dice, (self._call["dynamic_variables"] or {}).get("lead_name", "there")
        lines = (
            ("user", throw.choice(OPENINGS)),
            ("agent", throw.choice(GREETINGS).format(name=name)),
            ("user", throw.choice(ANSWERS)),
            ("agent", throw.choice(GOODBYES)),
        )
        clock, utterances = 0.0, []
        for role, content in lines:
            utterances.append(_utterance(role, content, clock))
            clock = utterances[-1]["words"][-1]["end"] + 0.5
        return utterances

    def _transcript(self, update: int) -> Json:
        spoken = self._utterances[: update * len(self._utterances) // TRANSCRIPTS]
        text = "".join(f"{one['role'].capitalize()}: {one['content']}\n" for one in spoken)
        return {"transcript": text, "transcript_object": spoken}

    def _basics(self, status: str) -> Json:
        call = self._call
        same = ("call_id", "agent_id", "agent_version", "from_number", "to_number", "metadata")
        return {name: call[name] for name in same} | {
            "call_type": "phone_call",
            "agent_name": "Outbound",
            "call_status": status,
            "direction": "outbound",
            "data_storage_setting": "everything",
            "opt_in_signed_url": False,
            "retell_llm_dynamic_variables": call["dynamic_variables"],
            "start_timestamp": call["started_ms"],
            "telephony_identifier": {"twilio_call_sid": self._sid},
        }

    def _ending(self) -> Json:
        seconds = (self._ended_ms - self._call["started_ms"]) / 1000
        measured = sorted(round(self._dice.uniform(700, 1600), 1) for _ in range(3))
        return {
            "end_timestamp": self._ended_ms,
            "duration_ms": self._ended_ms - self._call["started_ms"],
            "disconnection_reason": self._dice.choice(("agent_hangup", "user_hangup")),
            "recording_url": f"{self._recordings}/{self._call['call_id']}/recording.wav",
            "call_cost": {"total_duration_seconds": seconds, "combined_cost": round(seconds * CENTS_A_SECOND, 6)},
            "latency": {"e2e": {"p50": measured[1], "p99": measured[2], "num": 3, "values": measured}},
            "collected_dynamic_variables": {},
        }

    def _analysis(self) -> Json:
        interest = self._dice.choice(INTERESTS)
        return {
            "call_summary": f"They were reached; interest is {interest}.",
            "in_voicemail": False,
            "user_sentiment": "Positive" if interest == "high" else "Neutral",
            "call_successful": interest in {"high", "medium"},
            "custom_analysis_data": {"interest": interest},
        }


def in_order_of_sending(calls: Sequence[Sequence[bytes]]) -> list[bytes]:
    """The webhooks of many calls as they come in where a call begins whenever another one has gone on a little.

    Those of one call stay in their order, and others come between them.
    """
    apart = max(1, len(calls) // (WEBHOOKS_A_CALL - 1))
    moments = [
        (number + place * apart, place, body)
        for number, bodies in enumerate(calls)
        for place, body in enumerate(bodies)
    ]
    return [body for *_, body in sorted(moments, key=lambda moment: moment[:2])]


def _utterance(role: str, content: str, began: float) -> Json:
    words = [
        {
            "word": word,
            "start": round(began + place * SECONDS_A_WORD, 3),
            "end": round(began + (place + 1) * SECONDS_A_WORD, 3),
        }
        for place, word in enumerate(content.split())
    ]
    return {"role": role, "content": content, "words": words}


def _body(event: str, call: Json, *, beside: Json | None = None) -> bytes:
    return json.dumps({"event": event, "call": call, **(beside or {})}, separators=(",", ":")).encode()
