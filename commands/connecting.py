"""From a key to a call on one's own phone, step by step, over the running API."""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

Json = dict[str, Any]

ANSWER_SECONDS = 60.0
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

    email: str
    password: str = field(repr=False)
    key: str | None = field(default=None, repr=False)
    simulator: bool = False
    name: str = "Retell"
    agent_id: str | None = None
    trunk: Trunk | None = None
    phone: str | None = None


class Refused(Exception):  # noqa: N818 - says what happened
    """The API said no, or nothing; the text is what it said. ``account_id``: the account that it named."""

    def __init__(self, said: str, account_id: str | None = None) -> None:
        super().__init__(said)
        self.account_id = account_id


class Connecting:
    """Yields one step after the other, and ends with the first without which no later one makes sense."""

    def __init__(
        self,
        http: httpx.Client,
        wish: Wish,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self._http = http
        self._wish = wish
        self._clock = clock
        self._pause_seconds = pause_seconds

    def steps(self) -> Iterator[Step]:
        try:
            yield from self._steps()
        except Refused as refused:
            yield Step("api", ok=False, detail=str(refused), remedy="see the API's log, then run this again")

    def _steps(self) -> Iterator[Step]:
        signed_in = self._sign_in()
        yield signed_in
        if not signed_in.ok:
            return
        account, step = self._account()
        yield step
        if account is None:
            return
        if self._wish.trunk is not None:
            yield self._import(account["id"], self._wish.trunk)
        agent = self._agent(account["id"])
        pool = self._pool(account)
        for one in self._ask("POST", f"/accounts/{account['id']}/check")["steps"]:
            yield Step(one["step"], ok=one["ok"], detail=one["detail"], remedy=one["remedy"])
        yield self._call(account, pool, agent)

    def _sign_in(self) -> Step:
        form = {"username": self._wish.email, "password": self._wish.password}
        try:
            answer = self._http.post("/api/v1/auth/token", data=form)
        except httpx.HTTPError as error:
            detail = f"nothing answers at {self._http.base_url} ({type(error).__name__})"
            return Step("api", ok=False, detail=detail, remedy="start it by ./leadline up")
        if not answer.is_success:
            remedy = "set LEADLINE_ADMIN_EMAIL and LEADLINE_ADMIN_PASSWORD to an admin's"
            return Step("api", ok=False, detail=_said(answer), remedy=remedy)
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return Step("api", ok=True, detail=f"signed in as {self._wish.email}")

    def _account(self) -> tuple[Json | None, Step]:
        """The account that has the key already, or a new one."""
        accounts: list[Json] = self._ask("GET", "/accounts?limit=200")["items"]
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
            made = self._ask("POST", "/accounts", body)
        except Refused as refused:
            same = next((one for one in accounts if one["id"] == refused.account_id), None)
            if same is not None:
                return same, Step("account", ok=True, detail=f"{same['name']} has this key already")
            remedy = "copy the key again from the provider's dashboard (API keys, the one marked for webhooks)"
            return None, Step("account", ok=False, detail=str(refused), remedy=remedy)
        return made, Step("account", ok=True, detail=f"made {made['name']}; its key is sealed and never shown again")

    def _import(self, account_id: str, trunk: Trunk) -> Step:
        body = {
            "phone_number": trunk.phone_number,
            "termination_uri": trunk.termination_uri,
            "sip_trunk_auth_username": trunk.username,
            "sip_trunk_auth_password": trunk.password,
            "outbound_agent": self._wish.agent_id,
        }
        given = {name: value for name, value in body.items() if value is not None}
        try:
            number = self._ask("POST", f"/accounts/{account_id}/numbers/import", given)
        except Refused as refused:
            remedy = "see docs/guides/twilio.md or plivo.md: termination address, user, password"
            return Step("import", ok=False, detail=str(refused), remedy=remedy)
        return Step("import", ok=True, detail=f"{number['phone_number']} is in the workspace")

    def _agent(self, account_id: str) -> str | None:
        """The agent that was asked for, or the first that is published."""
        if self._wish.agent_id is not None:
            return self._wish.agent_id
        try:
            agents = self._ask("GET", f"/accounts/{account_id}/agents")["items"]
        except Refused:
            return None  # the check says why
        return next((one["agent_id"] for one in agents if one["latest_published_version"] is not None), None)

    def _pool(self, account: Json) -> Json | None:
        """The account's pool with numbers; a new one of those in the workspace that can call, where there is none."""
        pools = [one for one in self._everything("/number-pools") if one["account_id"] == account["id"]]
        filled = next((one for one in pools if one["from_numbers"]), None)
        if filled is not None:
            return filled
        try:
            numbers = self._ask("GET", f"/accounts/{account['id']}/numbers")["items"]
        except Refused:
            return None
        usable = [one["phone_number"] for one in numbers if one["outbound_agents"]]
        if not usable:
            return None
        if pools:
            return self._ask("PATCH", f"/number-pools/{pools[0]['id']}", {"from_numbers": usable})
        body = {"name": f"Numbers of {account['name']}", "account_id": account["id"], "from_numbers": usable}
        return self._ask("POST", "/number-pools", body)

    def _call(self, account: Json, pool: Json | None, agent: str | None) -> Step:
        if self._wish.phone is None:
            return Step("test_call", ok=True, detail="left out; --phone +1… rings your own phone")
        if pool is None or agent is None:
            return Step("test_call", ok=False, detail="there is no number or no agent to call with", remedy="see above")
        try:
            campaign = self._campaign(account, pool, agent)
            body = {"phone_number": self._wish.phone}
            call = self._ask("POST", f"/campaigns/{campaign['id']}/test-call", body)
            return self._followed(call["call_id"])
        except Refused as refused:
            return Step("test_call", ok=False, detail=str(refused), remedy="mend what it says, then run this again")

    def _campaign(self, account: Json, pool: Json, agent: str) -> Json:
        """A draft, which calls nobody by itself."""
        name = f"Test calls of {account['name']}"
        known = next((one for one in self._everything("/campaigns") if one["name"] == name), None)
        terms = {"agent_id": agent, "number_pool_id": pool["id"]}
        if known is not None:
            return self._ask("PATCH", f"/campaigns/{known['id']}", terms)
        return self._ask("POST", "/campaigns", terms | {"name": name})

    def _followed(self, call_id: str) -> Step:
        ends_at = self._clock() + CALL_SECONDS
        while self._clock() < ends_at:
            call = self._ask("GET", f"/calls/{call_id}")
            if call["ended"]:
                ended = f"your phone was called ({call_id}); it ended by {call['disconnection_reason']}"
                return Step("test_call", ok=True, detail=ended)
            time.sleep(self._pause_seconds)
        return Step("test_call", ok=True, detail=f"your phone is being called ({call_id}); the call goes on")

    def _everything(self, path: str) -> list[Json]:
        items: list[Json] = []
        cursor: str | None = ""
        while cursor is not None:
            page = self._ask("GET", f"{path}?limit=200{f'&cursor={cursor}' if cursor else ''}")
            items += page["items"]
            cursor = page["next_cursor"]
        return items

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Json:
        try:
            answer = self._http.request(method, f"/api/v1{path}", json=body)
        except httpx.HTTPError as error:
            raise Refused(f"the API gave no answer ({type(error).__name__})") from None
        if not answer.is_success:
            raise Refused(_said(answer), _account_named(answer))
        said: Json = answer.json()
        return said


def _account_named(answer: httpx.Response) -> str | None:
    try:
        return str(answer.json()["account_id"])
    except (ValueError, KeyError, TypeError):
        return None


def _said(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"status {answer.status_code}"
