"""create-phone-call: everything that is asked before a phone rings."""

import hashlib
import json
from typing import Any
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field

from simulator.agents import DEFAULT_AGENT_ID, DEFAULT_EVENTS, AgentDirectory
from simulator.call import Call
from simulator.callbook import CallBook
from simulator.caller_ids import CallerIds, is_e164
from simulator.capacity import Capacity
from simulator.contacts import Contacts
from simulator.pins import PinBoard
from simulator.plans import Plan, plan_call, refused_plan
from simulator.settings import Refusal, Settings
from simulator.stats import Stats
from simulator.switchboard import Switchboard
from simulator.wire import ApiError, JsonObject, now_ms

_TERMS = (
    "webhook_url",
    "webhook_events",
    "webhook_timeout_ms",
    "ring_duration_ms",
    "max_call_duration_ms",
    "voicemail_option",
    "enable_dnc_detection",
    "data_storage_setting",
    "opt_in_signed_url",
)

_METADATA_BYTES = 50_000


class _AgentTerms(BaseModel):
    """The settings of an agent that a simulated call heeds, within Retell's limits; others are let pass."""

    webhook_url: str | None = None
    webhook_events: list[str] | None = None
    webhook_timeout_ms: int | None = Field(None, gt=0)
    ring_duration_ms: int | None = Field(None, ge=5_000, le=300_000)
    max_call_duration_ms: int | None = Field(None, ge=60_000, le=7_200_000)
    voicemail_option: dict[str, Any] | None = None
    enable_dnc_detection: bool | None = None


class _Override(BaseModel):
    model_config = ConfigDict(extra="forbid")

    agent: _AgentTerms | None = None
    retell_llm: dict[str, Any] | None = None
    conversation_flow: dict[str, Any] | None = None


class PhoneCallOrder(BaseModel):
    """The body of create-phone-call. Dynamic variables must be strings."""

    model_config = ConfigDict(strict=True)

    from_number: str = Field(min_length=1)
    to_number: str = Field(min_length=1)
    override_agent_id: str | None = None
    override_agent_version: int | str | None = None
    agent_override: _Override | None = None
    metadata: dict[str, Any] | None = None
    retell_llm_dynamic_variables: dict[str, str] | None = None
    custom_sip_headers: dict[str, str] | None = None
    ignore_e164_validation: bool = False
    idempotency_key: str | None = None
    honor_internal_dnc: bool = False


class Dialling:
    def __init__(
        self,
        settings: Settings,
        book: CallBook,
        agents: AgentDirectory,
        caller_ids: CallerIds,
        contacts: Contacts,
        pins: PinBoard,
        capacity: Capacity,
        switchboard: Switchboard,
        stats: Stats,
    ) -> None:
        self._settings = settings
        self._book = book
        self._agents = agents
        self._caller_ids = caller_ids
        self._contacts = contacts
        self._pins = pins
        self._capacity = capacity
        self._switchboard = switchboard
        self._stats = stats

    def place(self, body: JsonObject) -> Call:
        """Accept a call, or give back the one that the same idempotency key made within the hour.

        Never waits, so two requests at once can't make two calls under one key or pass the limit together.

        Raises:
            ApiError: 400 bad request or do-not-call, 422 unknown agent or caller ID, 429 no room.
            pydantic.ValidationError: The body isn't what Retell takes; answered with 400.
        """
        order = PhoneCallOrder.model_validate(body)
        fingerprint = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        replay = self._replay(order, fingerprint)
        if replay is not None:
            return replay
        self._check(order)
        agent = self._agent(order)
        terms = terms_of(agent, body)
        call = Call(
            call_id=f"call_{uuid4().hex[:27]}",
            accepted_ms=now_ms(),
            from_number=order.from_number,
            to_number=order.to_number,
            agent_id=agent["agent_id"],
            agent_version=agent["version"],
            agent_name=agent["agent_name"],
            terms=terms,
            plan=self._plan(order.to_number),
            metadata=order.metadata,
            dynamic_variables=order.retell_llm_dynamic_variables,
            custom_sip_headers=order.custom_sip_headers,
            idempotency_key=order.idempotency_key,
            fingerprint=fingerprint,
        )
        self._switchboard.accept(call)
        return call

    def _replay(self, order: PhoneCallOrder, fingerprint: str) -> Call | None:
        call = self._book.with_key(order.idempotency_key) if order.idempotency_key else None
        if call is None:
            return None
        if call.fingerprint != fingerprint:
            # Not documented; refusing is the answer that no client can overlook.
            raise ApiError(400, "idempotency_key was already used with a different request.")
        self._book.replayed(call)
        self._stats.calls["replayed"] += 1
        return call

    def _check(self, order: PhoneCallOrder) -> None:
        if not is_e164(order.to_number):
            raise ApiError(400, f"to_number is not in E.164 format: {order.to_number}")
        if not order.ignore_e164_validation and not is_e164(order.from_number):
            raise ApiError(400, f"from_number is not in E.164 format: {order.from_number}")
        if len(json.dumps(order.metadata)) > _METADATA_BYTES:
            raise ApiError(400, "metadata is larger than 50kB.")
        if order.honor_internal_dnc and self._contacts.may_not_be_called(order.to_number):
            raise ApiError(400, "The contact for to_number is marked do_not_call.")

    def _agent(self, order: PhoneCallOrder) -> JsonObject:
        bound = self._caller_ids.outbound_agent(order.from_number)
        if order.override_agent_id:
            return self._agents.get(order.override_agent_id, order.override_agent_version)
        if bound is not None:
            agent_id, version = bound
            return self._agents.get(agent_id, order.override_agent_version or version)
        if self._caller_ids.is_listed(order.from_number):
            raise ApiError(422, f"No outbound agent id set up for phone number: {order.from_number}")
        return self._agents.get(DEFAULT_AGENT_ID, order.override_agent_version)

    def _plan(self, to_number: str) -> Plan:
        if self._capacity.has_room():
            earlier = self._book.dialled_before(to_number)
            return plan_call(self._settings, to_number, earlier, self._pins.take(to_number))
        self._stats.calls["refused"] += 1
        if self._settings.refusal is Refusal.REJECT:
            raise ApiError(429)
        return refused_plan(self._settings, to_number)


def terms_of(agent: JsonObject, body: JsonObject) -> JsonObject:
    """The agent's settings under those of the call. An override of null counts: it switches something off."""
    override = (body.get("agent_override") or {}).get("agent") or {}
    terms = {name: {**agent, **override}.get(name) for name in _TERMS}
    return terms | {"webhook_events": terms["webhook_events"] or list(DEFAULT_EVENTS)}
