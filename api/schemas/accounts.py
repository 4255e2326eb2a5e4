"""Accounts as they come in and as they are answered."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, SecretStr

from api.schemas.fields import CallsPerSecond, Input, MaxLiveCalls, NotNull, PhoneNumber, Text
from api.schemas.words import ProviderWord
from storage.defaults import Provider
from storage.models import AccountRow
from telephony.workspace import WorkspaceNumber

ApiKey = Annotated[SecretStr, Field(min_length=16, max_length=200)]
"""As the provider shows it; shorter ones could be guessed by their fingerprint."""

Transport = Literal["TLS", "TCP", "UDP"]


class AccountInput(Input):
    """``provider`` of ``simulator`` is the pretend one of this installation, whose key needn't be given.

    ``base_url`` is for those that LEADLINE_ACCOUNT_URLS names; without it calls go where its provider usually is.
    """

    name: Text
    provider: Provider = "retell"
    api_key: ApiKey | None = None
    base_url: Text | None = None
    max_live_calls: MaxLiveCalls | None = None
    max_calls_per_second: CallsPerSecond | None = None


class AccountKeyInput(Input):
    api_key: ApiKey


class AccountChange(Input):
    """What is named is changed; a limit of null is none."""

    name: Annotated[Text | None, NotNull] = None
    max_live_calls: MaxLiveCalls | None = None
    max_calls_per_second: CallsPerSecond | None = None


class AccountAnswer(BaseModel):
    """``key_fingerprint``: the first 16 hexadecimal digits of its own key's SHA-256; none where the environment has the
    key. ``base_url`` of none: where its kind usually is.

    ``provider_limit`` and ``provider_reserved``: live calls at most by the provider's own word, and how many of
    these are kept for people who ring in; ``provider_elsewhere``: how many were live that were not placed here. All as
    it said at ``limits_read_at``, which is asked for about every minute; while it doesn't answer they stay in force."""

    id: UUID
    name: str
    provider: ProviderWord
    is_default: bool
    key_fingerprint: str | None
    base_url: str | None
    max_live_calls: int | None
    max_calls_per_second: float | None
    provider_limit: int | None
    provider_reserved: int | None
    provider_elsewhere: int | None
    limits_read_at: datetime | None
    parked_reason: str | None
    created_at: datetime

    @classmethod
    def of(cls, account: AccountRow) -> Self:
        return cls(**{name: getattr(account, name) for name in cls.model_fields})


class AccountPage(BaseModel):
    items: list[AccountAnswer]
    next_cursor: str | None


class Step(BaseModel):
    """``detail``: how it stands; ``remedy``: what to do where it isn't well."""

    step: str
    ok: bool
    detail: str
    remedy: str | None = None


class CheckAnswer(BaseModel):
    """``ok``: all steps are."""

    account_id: UUID
    ok: bool
    checked_at: datetime
    steps: list[Step]


class AgentItem(BaseModel):
    """``latest_published_version`` of none: nothing of it was ever published, so that it can't be launched."""

    agent_id: str
    name: str | None
    latest_version: int | None
    latest_published_version: int | None


class AgentPage(BaseModel):
    items: list[AgentItem]
    next_cursor: str | None = None


class NumberItem(BaseModel):
    """A number with no ``outbound_agents`` can't call unless the campaign names an agent."""

    phone_number: str
    nickname: str | None
    kind: str | None
    termination_uri: str | None
    outbound_agents: list[str]
    allowed_countries: list[str] | None

    @classmethod
    def of(cls, number: WorkspaceNumber) -> Self:
        return cls(
            phone_number=number.phone_number,
            nickname=number.nickname,
            kind=number.kind,
            termination_uri=number.termination_uri,
            outbound_agents=list(number.outbound_agents),
            allowed_countries=None if number.countries is None else list(number.countries),
        )


class NumberPage(BaseModel):
    items: list[NumberItem]
    next_cursor: str | None = None


class NumberImport(Input):
    """A number of one's own trunk. The password goes to the provider and is kept nowhere here."""

    phone_number: PhoneNumber
    termination_uri: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9.:;=_-]+$")]
    sip_trunk_auth_username: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    sip_trunk_auth_password: Annotated[SecretStr, Field(min_length=1, max_length=200)] | None = None
    transport: Transport | None = None
    outbound_agent: Text | None = None
    nickname: Text | None = None
