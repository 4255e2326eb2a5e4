"""Phone numbers that calls come from: imported ones, and, unless strict, any number reserved for fiction."""

import re

from simulator.agents import DEFAULT_AGENT_ID
from simulator.journal import Journal
from simulator.settings import Settings
from simulator.wire import ApiError, JsonObject, now_ms

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_FICTION = re.compile(r"\+1[2-9]\d{2}55501\d{2}|\+442079460\d{3}")


def is_e164(number: str) -> bool:
    return _E164.fullmatch(number) is not None


class CallerIds:
    def __init__(self, settings: Settings, journal: Journal) -> None:
        self._settings = settings
        self._journal = journal
        self._numbers: dict[str, JsonObject] = {}

    def get(self, phone_number: str) -> JsonObject:
        """Raises ApiError 422: the number was never imported and isn't one that may be used without."""
        known = self._numbers.get(phone_number)
        if known is None and (self._settings.strict or not _FICTION.fullmatch(phone_number)):
            raise ApiError(422)
        return known or _unlisted(phone_number) | {"outbound_agents": [{"agent_id": DEFAULT_AGENT_ID, "weight": 1}]}

    def outbound_agent(self, phone_number: str) -> tuple[str, object] | None:
        """The agent bound to this number and its version; None for an unlisted number."""
        number = self.get(phone_number)
        if not self.is_listed(phone_number):
            return None
        agents = number.get("outbound_agents") or []
        if agents:
            return agents[0]["agent_id"], agents[0].get("agent_version")
        return None

    def is_listed(self, phone_number: str) -> bool:
        return phone_number in self._numbers

    def store(self, phone_number: str, facts: JsonObject) -> JsonObject:
        """Import or change a number; only the fields that Retell shows are kept, so never a password."""
        number = {**self._numbers.get(phone_number, _unlisted(phone_number)), **_shown(facts)}
        number["last_modification_timestamp"] = now_ms()
        self.restore(number)
        self._journal.write("number", number=number)
        return number

    def restore(self, number: JsonObject) -> None:
        self._numbers[number["phone_number"]] = number

    def clear(self) -> None:
        self._numbers.clear()

    def everyone(self) -> list[JsonObject]:
        return list(self._numbers.values())


def _unlisted(phone_number: str) -> JsonObject:
    return {
        "phone_number": phone_number,
        "phone_number_type": "custom",
        "phone_number_pretty": phone_number,
        "last_modification_timestamp": now_ms(),
    }


_COPIED = (
    "nickname",
    "inbound_agents",
    "outbound_agents",
    "inbound_webhook_url",
    "fallback_number",
    "allowed_inbound_country_list",
    "allowed_outbound_country_list",
)


def _shown(facts: JsonObject) -> JsonObject:
    shown = {name: facts[name] for name in _COPIED if name in facts}
    trunk: JsonObject = {name: facts[name] for name in ("termination_uri", "transport", "codecs") if name in facts}
    username = facts.get("sip_trunk_auth_username") or facts.get("auth_username")
    if username:
        trunk["auth_username"] = username
    return shown | ({"sip_outbound_trunk_config": trunk} if trunk else {})
