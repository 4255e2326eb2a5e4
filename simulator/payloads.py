"""The call object as Retell gives it out: by get-call, in lists, and in every webhook."""

from enum import IntEnum
from json import dumps

from simulator.call import Call
from simulator.costs import cost_of, latency_of, tokens_of
from simulator.dice import dice
from simulator.recordings import link_to
from simulator.scenarios import Scenario
from simulator.settings import Settings
from simulator.story import Story
from simulator.storytelling import tell, transfer_number
from simulator.transcripts import Transcript, transcribe
from simulator.wire import JsonObject

_NAMING_DESTINATION = frozenset({"transfer_started", "transfer_bridged", "transfer_cancelled"})


# Whole milliseconds and the grain of timers make a call seem this much shorter than it was meant to be.
_CLOCK_SECONDS = 0.005


class Stage(IntEnum):
    """How much of a call is known; a webhook always shows its own stage, however late it is sent."""

    REGISTERED = 0
    ONGOING = 1
    ENDED = 2
    ANALYZED = 3


_STAGE_OF_EVENT = {"call_ended": Stage.ENDED, "call_analyzed": Stage.ANALYZED, "transfer_ended": Stage.ENDED}


def stage_of(call: Call) -> Stage:
    if call.analyzed_ms is not None:
        return Stage.ANALYZED
    if call.end_ms is not None:
        return Stage.ENDED
    return Stage.ONGOING if call.connected else Stage.REGISTERED


class Payloads:
    """``base_url`` is where this simulator serves the recordings it names."""

    def __init__(self, base_url: str, settings: Settings) -> None:
        self._base_url = base_url
        self._settings = settings

    def call_object(self, call: Call, stage: Stage | None = None, *, transcripts: bool = True) -> JsonObject:
        """The call as it stands, or as it stood at an earlier stage. List items come without transcripts."""
        stage = stage_of(call) if stage is None else stage
        shown = _basic(call, stage)
        if stage >= Stage.ENDED:
            story = tell(call)
            shown |= self._ending(call, story)
            if transcripts and call.connected:
                shown |= whole_transcript(call, story).to_json()
            if stage is Stage.ANALYZED:
                shown["call_analysis"] = analysis(story)
        return shown

    def webhook_body(self, call: Call, event: str, so_far_seconds: float | None = None) -> str:
        """The exact text to sign and send. ``so_far_seconds`` of talk are in a transcript_updated."""
        shown = self.call_object(call, _STAGE_OF_EVENT.get(event, Stage.ONGOING))
        body: JsonObject = {"event": event, "call": shown}
        if event in _NAMING_DESTINATION:
            # That they come is documented, their shape isn't: this is the shape they have in the agent's tool.
            body["transfer_destination"] = {"type": "predefined", "number": transfer_number(call)}
            body["transfer_option"] = {"type": "cold_transfer"}
        if event == "transcript_updated":
            transcript = whole_transcript(call, tell(call), so_far_seconds)
            body["call"] = shown | transcript.to_json()
            body["transcript_with_tool_calls"] = transcript.with_tool_calls
        return dumps(body, separators=(",", ":"))

    def _ending(self, call: Call, story: Story) -> JsonObject:
        ending: JsonObject = {
            "end_timestamp": call.end_ms,
            "duration_ms": call.duration_ms,
            "disconnection_reason": call.reason,
            "call_cost": cost_of(call),
        }
        if not call.connected:
            return ending
        replies = sum(line.role == "agent" for line in story.spoken)
        ending |= {
            "latency": latency_of(call, replies),
            "llm_token_usage": tokens_of(call, replies),
            "collected_dynamic_variables": {},
        }
        if self._settings.recordings:
            ending["recording_url"] = link_to(self._base_url, call.call_id, self._settings.recording_link_seconds)
        if call.plan.scenario is Scenario.TRANSFERRED:
            ending["transfer_destination"] = transfer_number(call)
        if call.transfer_end_ms is not None:
            ending["transfer_end_timestamp"] = call.transfer_end_ms
        return ending


def whole_transcript(call: Call, story: Story, until_seconds: float | None = None) -> Transcript:
    """What was said, all of it or up to a moment of the talk; a call that was cut short has the beginning only."""
    planned = call.plan.talk_seconds if call.plan.talk_seconds is not None else story.natural_seconds
    spoken = until_seconds if call.end_ms is None or until_seconds is not None else call.duration_ms / 1000
    if spoken is None or spoken >= planned - _CLOCK_SECONDS:
        return transcribe(story, call.plan.key, planned)
    return transcribe(story, call.plan.key, planned, spoken)


def analysis(story: Story) -> JsonObject:
    return {
        "call_summary": story.summary,
        "in_voicemail": story.in_voicemail,
        "user_sentiment": story.sentiment,
        "call_successful": story.successful,
        "custom_analysis_data": story.custom,
    }


def _basic(call: Call, stage: Stage) -> JsonObject:
    shown: JsonObject = {
        "call_id": call.call_id,
        "call_type": "phone_call",
        "agent_id": call.agent_id,
        "agent_version": call.agent_version,
        "agent_name": call.agent_name,
        "call_status": _status(call, stage),
        "direction": call.direction,
        "from_number": call.from_number,
        "to_number": call.to_number,
        "data_storage_setting": call.terms.get("data_storage_setting") or "everything",
        "opt_in_signed_url": bool(call.terms.get("opt_in_signed_url")),
    }
    given = {
        "metadata": call.metadata,
        "retell_llm_dynamic_variables": call.dynamic_variables,
        "custom_sip_headers": call.custom_sip_headers,
        "custom_attributes": call.custom_attributes or None,
    }
    shown |= {name: value for name, value in given.items() if value is not None}
    if stage is not Stage.REGISTERED:
        # A call that nobody answered is dated to the moment it was placed.
        shown["start_timestamp"] = call.start_ms or call.accepted_ms
        sid = f"CA{dice(call.call_id).getrandbits(128):032x}"
        shown["telephony_identifier"] = {"twilio_call_sid": sid}
    return shown


def _status(call: Call, stage: Stage) -> str:
    if stage >= Stage.ENDED:
        return call.status
    return "ongoing" if stage is Stage.ONGOING else "registered"
