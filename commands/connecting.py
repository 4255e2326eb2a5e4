"""From a key to a call on one's own phone, step by step, over the running API."""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from commands.api_access import Api, Json, address
from commands.api_errors import ApiAway, ApiRefused, NoWayIn

CALL_SECONDS = 120.0
PAUSE_SECONDS = 0.5
FINGERPRINT_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Step:
    """``remedy``: what to do where it isn't well."""

    step: str
    ok: bool
    detail: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """A number of one's own trunk that is to be brought in."""

    phone_number: str
    termination_uri: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """``key`` of none: the account that the environment configures, or the simulator."""

    key: str | None = field(default=None, repr=False)
    simulator: bool = False
    name: str = "Retell"
    agent_id: str | None = None
    trunk: Trunk | None = None
    phone: str | None = None


class Connecting:
    """Yields one step after the other, and ends with the first without which no later one makes sense."""

    def __init__(
        self,
        enter: Callable[[], AbstractContextManager[Api]],
        wish: Wish,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self._enter = enter
        self._wish = wish
        self._clock = clock
        self._pause_seconds = pause_seconds

    def steps(self) -> Iterator[Step]:
        try:
            with self._enter() as api:
                yield Step("api", ok=True, detail=f"let in as {api.who}")
                yield from self._steps(api)
        except ApiRefused as refused:
            yield Step("api", ok=False, detail=str(refused), remedy=_remedy(refused))

    def _steps(self, api: Api) -> Iterator[Step]:
        account, step = self._account(api)
        yield step
        if account is None:
            return
        if self._wish.trunk is not None:
            yield self._import(api, account["id"], self._wish.trunk)
        agent = self._agent(api, account["id"])
        pool = self._pool(api, account)
        for one in api.ask("POST", address("accounts", account["id"], "check"))["steps"]:
            yield Step(one["step"], ok=one["ok"], detail=one["detail"], remedy=one["remedy"])
        yield self._call(api, account, pool, agent)

    def _account(self, api: Api) -> tuple[Json | None, Step]:
        """The account that has the key already, or a new one."""
        accounts = api.everything("/api/v1/accounts")
        kind = "simulator" if self._wish.simulator else "retell"
        if self._wish.key is None:
            default = next((one for one in accounts if one["provider"] == kind and one["is_default"]), None)
            if default is not None:
                return default, Step("account", ok=True, detail=f"{default['name']}, as the environment configures it")
            remedy = "set RETELL_API_KEY, or give the key when asked for it; --simulator plays without one"
            return None, Step("account", ok=False, detail="there is no key to connect with", remedy=remedy)
        fingerprint = hashlib.sha256(self._wish.key.encode()).hexdigest()[:FINGERPRINT_DIGITS]
        known = next((one for one in accounts if one["key_fingerprint"] == fingerprint), None)
        if known is not None:
            return known, Step("account", ok=True, detail=f"{known['name']} has this key already")
        try:
            body = {"name": self._wish.name, "provider": kind, "api_key": self._wish.key}
            made = api.ask("POST", "/api/v1/accounts", json=body)
        except ApiRefused as refused:
            same = next((one for one in accounts if one["id"] == refused.problem.get("account_id")), None)
            if same is not None:
                return same, Step("account", ok=True, detail=f"{same['name']} has this key already")
            remedy = "copy the key again from the provider's dashboard (API keys, the one marked for webhooks)"
            return None, Step("account", ok=False, detail=str(refused), remedy=remedy)
        return made, Step("account", ok=True, detail=f"made {made['name']}; its key is sealed and never shown again")

    def _import(self, api: Api, account_id: str, trunk: Trunk) -> Step:
        body = {
            "phone_number": trunk.phone_number,
            "termination_uri": trunk.termination_uri,
            "sip_trunk_auth_username": trunk.username,
            "sip_trunk_auth_password": trunk.password,
            "outbound_agent": self._wish.agent_id,
        }
        given = {name: value for name, value in body.items() if value is not None}
        try:
            number = api.ask("POST", address("accounts", account_id, "numbers", "import"), json=given)
        except ApiRefused as refused:
            remedy = "see docs/guides/twilio.md or plivo.md: termination address, user, password"
            return Step("import", ok=False, detail=str(refused), remedy=remedy)
        return Step("import", ok=True, detail=f"{number['phone_number']} is in the workspace")

    def _agent(self, api: Api, account_id: str) -> str | None:
        """The agent that was asked for, or the first that is published."""
        if self._wish.agent_id is not None:
            return self._wish.agent_id
        try:
            agents = api.ask("GET", address("accounts", account_id, "agents"))["items"]
        except ApiRefused:
            return None  # the check says why
        return next((one["agent_id"] for one in agents if one["latest_published_version"] is not None), None)

    def _pool(self, api: Api, account: Json) -> Json | None:
        """The account's pool with numbers; a new one of those in the workspace that can call, where there is none."""
        pools = [one for one in api.everything("/api/v1/number-pools") if one["account_id"] == account["id"]]
        filled = next((one for one in pools if one["from_numbers"]), None)
        if filled is not None:
            return filled
        try:
            numbers = api.ask("GET", address("accounts", account["id"], "numbers"))["items"]
        except ApiRefused:
            return None
        usable = [one["phone_number"] for one in numbers if one["outbound_agents"]]
        if not usable:
            return None
        if pools:
            return api.ask("PATCH", address("number-pools", pools[0]["id"]), json={"from_numbers": usable})
        body = {"name": f"Numbers of {account['name']}", "account_id": account["id"], "from_numbers": usable}
        return api.ask("POST", "/api/v1/number-pools", json=body)

    def _call(self, api: Api, account: Json, pool: Json | None, agent: str | None) -> Step:
        if self._wish.phone is None:
            return Step("test_call", ok=True, detail="left out; --phone +1… rings your own phone")
        if pool is None or agent is None:
            return Step("test_call", ok=False, detail="there is no number or no agent to call with", remedy="see above")
        try:
            campaign = self._campaign(api, account, pool, agent)
            body = {"phone_number": self._wish.phone}
            call = api.ask("POST", address("campaigns", campaign["id"], "test-call"), json=body)
            return self._followed(api, call["call_id"])
        except ApiRefused as refused:
            return Step("test_call", ok=False, detail=str(refused), remedy="mend what it says, then run this again")

    def _campaign(self, api: Api, account: Json, pool: Json, agent: str) -> Json:
        """A draft, which calls nobody by itself."""
        name = f"Test calls of {account['name']}"
        known = next((one for one in api.everything("/api/v1/campaigns") if one["name"] == name), None)
        terms = {"agent_id": agent, "number_pool_id": pool["id"]}
        if known is not None:
            return api.ask("PATCH", address("campaigns", known["id"]), json=terms)
        return api.ask("POST", "/api/v1/campaigns", json=terms | {"name": name})

    def _followed(self, api: Api, call_id: str) -> Step:
        ends_at = self._clock() + CALL_SECONDS
        while self._clock() < ends_at:
            call = api.ask("GET", address("calls", call_id))
            if call["ended"]:
                ended = f"your phone was called ({call_id}); it ended by {call['disconnection_reason']}"
                return Step("test_call", ok=True, detail=ended)
            time.sleep(self._pause_seconds)
        return Step("test_call", ok=True, detail=f"your phone is being called ({call_id}); the call goes on")


def _remedy(refused: ApiRefused) -> str:
    if isinstance(refused, NoWayIn):
        return "set LEADLINE_ADMIN_EMAIL and LEADLINE_ADMIN_PASSWORD to an admin's, or LEADLINE_API_KEY"
    return "start it by ./leadline up" if isinstance(refused, ApiAway) else "see the API's log, then run this again"
