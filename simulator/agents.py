"""Voice agents: those that were made here, and, unless strict, any other that somebody names."""

from simulator.journal import Journal
from simulator.settings import Settings
from simulator.wire import ApiError, JsonObject, now_ms

DEFAULT_AGENT_ID = "agent_simulator_default"

DEFAULT_EVENTS = ("call_started", "call_ended", "call_analyzed")

_DEFAULTS: JsonObject = {
    "voice_id": "11labs-Adrian",
    "language": "en-US",
    "response_engine": {"type": "retell-llm", "llm_id": "llm_simulator", "version": 0},
    "voicemail_option": {"action": {"type": "hangup"}},
    "max_call_duration_ms": 3_600_000,
    "ring_duration_ms": 30_000,
    "webhook_timeout_ms": 10_000,
}


class AgentDirectory:
    """Every agent is a list of versions; the last one may be a draft."""

    def __init__(self, settings: Settings, journal: Journal) -> None:
        self._settings = settings
        self._journal = journal
        self._agents: dict[str, list[JsonObject]] = {}
        self.clear()

    def clear(self) -> None:
        """Only the default agent is left."""
        self._agents.clear()
        self.add({"agent_id": DEFAULT_AGENT_ID, "agent_name": "Demo agent"}, published=True)

    def add(self, agent: JsonObject, *, published: bool = False) -> JsonObject:
        version = {**_DEFAULTS, "agent_name": "Agent", **agent, **_stamp(version=0, published=published)}
        self._agents[version["agent_id"]] = [version]
        return version

    def store(self, agent: JsonObject) -> JsonObject:
        """Make an agent, and remember it over a restart."""
        self.add(agent)
        return self._keep(agent["agent_id"])

    def restore(self, versions: list[JsonObject]) -> None:
        self._agents[versions[0]["agent_id"]] = versions

    def versions(self, agent_id: str) -> list[JsonObject]:
        """Raises ApiError 422: nobody knows this agent, and unknown ones are not accepted."""
        known = self._agents.get(agent_id)
        if known is None and self._settings.strict:
            raise ApiError(422)
        if known is None:
            self.add({"agent_id": agent_id, "agent_name": f"Agent {agent_id[-6:]}"}, published=True)
        return self._agents[agent_id]

    def get(self, agent_id: str, version: object = None) -> JsonObject:
        """One version: a number, ``latest`` (also None) or ``latest_published``; else ApiError 422."""
        versions = self.versions(agent_id)
        if version in {None, "", "latest"}:
            return versions[-1]
        fitting = [
            v
            for v in versions
            if (v["is_published"] if version == "latest_published" else str(v["version"]) == str(version))
        ]
        if not fitting:
            raise ApiError(422)
        return fitting[-1]

    def update(self, agent_id: str, changes: JsonObject) -> JsonObject:
        """Change the draft; a published last version is followed by a new draft."""
        versions = self.versions(agent_id)
        latest = versions[-1]
        if latest["is_published"]:
            latest = {
                **latest,
                **_stamp(version=latest["version"] + 1, published=False),
                "base_version": latest["version"],
            }
            versions.append(latest)
        latest.update({k: v for k, v in changes.items() if k not in {"agent_id", "version", "is_published"}})
        latest["last_modification_timestamp"] = now_ms()
        return self._keep(agent_id)

    def publish(self, agent_id: str, version: int, texts: JsonObject) -> None:
        found = self.get(agent_id, version)
        found.update(texts | {"is_published": True, "last_modification_timestamp": now_ms()})
        self._keep(agent_id)

    def everyone(self) -> list[JsonObject]:
        return [versions[-1] for versions in self._agents.values()]

    def _keep(self, agent_id: str) -> JsonObject:
        self._journal.write("agent", versions=self._agents[agent_id])
        return self._agents[agent_id][-1]


def _stamp(*, version: int, published: bool) -> JsonObject:
    return {"version": version, "is_published": published, "last_modification_timestamp": now_ms()}
