"""What a workspace at the provider holds besides calls: agents with their versions, and numbers to call from."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

_VARIABLE = re.compile(r"\{\{\s*([A-Za-z0-9_./-]{1,100})\s*\}\}")

_FILLED_BY_PROVIDER = frozenset(
    {
        "agent_number",
        "call_id",
        "call_type",
        "chat_id",
        "current_agent_state",
        "current_calendar",
        "current_hour",
        "current_time",
        "direction",
        "previous_agent_state",
        "session_duration",
        "session_type",
        "user_number",
    }
)
_FILLED_WITH_A_ZONE = ("current_time_", "current_calendar_", "current_hour_")
"""Source: docs.retellai.com/build/dynamic-variables, system variables."""


@dataclass(frozen=True, slots=True)
class ListedAgent:
    agent_id: str
    name: str | None


@dataclass(frozen=True, slots=True)
class AgentVersions:
    """``latest_published`` of none: no version was ever published."""

    latest: int | None
    latest_published: int | None


@dataclass(frozen=True, slots=True)
class Agent:
    """One version. ``llm_id`` of none: its words aren't kept by the provider in a form that we can read.

    ``voicemail_action``: it does something when a machine answers.
    """

    agent_id: str
    name: str | None
    version: int
    is_published: bool
    voicemail_action: bool
    llm_id: str | None
    llm_version: int | None


@dataclass(frozen=True, slots=True)
class Words:
    """What an agent was told to say and do. ``defaults``: names of variables that have a value of their own there."""

    texts: Sequence[str]
    defaults: Collection[str]


@dataclass(frozen=True, slots=True)
class WorkspaceNumber:
    """``outbound_agents``: ids of the agents that are bound to it for calls out; without one it can't call."""

    phone_number: str
    nickname: str | None
    kind: str | None
    termination_uri: str | None
    outbound_agents: Sequence[str]
    countries: Sequence[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberToImport:
    """A number of one's own trunk. ``password`` is passed on and kept nowhere."""

    phone_number: str
    termination_uri: str
    username: str | None = None
    password: str | None = None
    transport: str | None = None
    outbound_agent: str | None = None
    nickname: str | None = None


def variables_in(texts: Sequence[str]) -> frozenset[str]:
    """The names in ``{{…}}`` that somebody has to fill; those that the provider fills by itself are left out."""
    names = {name for text in texts for name in _VARIABLE.findall(text)}
    return frozenset(name for name in names if not _is_filled_by_provider(name))


def _is_filled_by_provider(name: str) -> bool:
    return name in _FILLED_BY_PROVIDER or name.startswith(_FILLED_WITH_A_ZONE)
