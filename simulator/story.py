"""What is said in a call, and what an analyst would write about it afterwards."""

from dataclasses import dataclass, field

from simulator.wire import JsonObject

_SECONDS_A_WORD = 0.34
_PAUSE_SECONDS = 0.55


@dataclass(frozen=True, slots=True)
class Said:
    role: str
    content: str

    @property
    def natural_seconds(self) -> float:
        return _SECONDS_A_WORD * len(self.content.split()) + _PAUSE_SECONDS


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool that the agent called at this place of the conversation."""

    name: str
    arguments: JsonObject
    result: JsonObject


@dataclass(slots=True)
class Story:
    lines: list[Said | ToolUse] = field(default_factory=list)
    summary: str = ""
    sentiment: str = "Unknown"
    successful: bool = False
    in_voicemail: bool = False
    custom: JsonObject = field(default_factory=dict)

    def agent(self, content: str) -> None:
        self.lines.append(Said("agent", content))

    def user(self, content: str) -> None:
        self.lines.append(Said("user", content))

    @property
    def natural_seconds(self) -> float:
        """How long people would need for it."""
        return sum(line.natural_seconds for line in self.lines if isinstance(line, Said))

    @property
    def spoken(self) -> list[Said]:
        return [line for line in self.lines if isinstance(line, Said)]
