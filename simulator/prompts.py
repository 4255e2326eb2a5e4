"""What agents are told to say: the prompts of Retell's own language models."""

from simulator.journal import Journal
from simulator.settings import Settings
from simulator.wire import ApiError, JsonObject, now_ms

DEFAULT_LLM_ID = "llm_simulator"

_DEFAULTS: JsonObject = {
    "model": "gpt-4.1",
    "general_prompt": "You call people who left their number. Say at once that you are an AI. {{conversation_memory}}",
    "begin_message": "Hello, this is an AI calling on behalf of {{campaign_name}}. You may opt out at any time.",
    "default_dynamic_variables": {},
}


class PromptDirectory:
    """Those that were made here, and, unless strict, any other that an agent names."""

    def __init__(self, settings: Settings, journal: Journal) -> None:
        self._settings = settings
        self._journal = journal
        self._prompts: dict[str, JsonObject] = {}
        self.clear()

    def clear(self) -> None:
        """Only the default one is left."""
        self._prompts = {DEFAULT_LLM_ID: _made(DEFAULT_LLM_ID, {})}

    def create(self, facts: JsonObject) -> JsonObject:
        return self._keep(_made(f"llm_{len(self._prompts):024d}", facts))

    def get(self, llm_id: str) -> JsonObject:
        """Raises ApiError 422: nobody knows this prompt, and unknown ones are not accepted."""
        known = self._prompts.get(llm_id)
        if known is None and self._settings.strict:
            raise ApiError(422)
        return known or _made(llm_id, {})

    def update(self, llm_id: str, changes: JsonObject) -> JsonObject:
        changed = {**self.get(llm_id), **{name: value for name, value in changes.items() if name != "llm_id"}}
        return self._keep(changed | {"last_modification_timestamp": now_ms()})

    def restore(self, prompt: JsonObject) -> None:
        self._prompts[prompt["llm_id"]] = prompt

    def _keep(self, prompt: JsonObject) -> JsonObject:
        self.restore(prompt)
        self._journal.write("prompt", prompt=prompt)
        return prompt


def _made(llm_id: str, facts: JsonObject) -> JsonObject:
    stamp = {"version": 0, "is_published": False, "last_modification_timestamp": now_ms()}
    return {**_DEFAULTS, **facts, "llm_id": llm_id, **stamp}
