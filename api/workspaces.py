"""The workspaces at the provider, as this process reaches them."""

import httpx

from activities.account_clients import AccountClients, account_clients
from api.problems import Conflict, Problem, Unavailable
from runtime.sealing import Sealing
from runtime.settings import Settings
from telephony.errors import ProviderError, ProviderRejected, RejectionReason
from telephony.retell_workspace import RetellWorkspace

NEW_KEY = "the provider doesn't take the account's key; give it another one by PUT /api/v1/accounts/{id}/api-key"
PAY = "the provider wants to be paid; see to the billing of the workspace"
TRY_AGAIN = "try again in a moment; if it stays so, see the provider's status page and whether this machine gets out"


def account_workspaces(
    settings: Settings, sealing: Sealing | None, http: httpx.AsyncClient
) -> AccountClients[RetellWorkspace]:
    return account_clients(
        settings.provider_keys,
        settings.provider_urls,
        lambda key, url: RetellWorkspace(key, url, http),
        unseal=None if sealing is None else sealing.unseal,
    )


def remedy_for(error: ProviderError) -> str:
    """What a person does about it."""
    match error:
        case ProviderRejected(reason=RejectionReason.ACCOUNT):
            return NEW_KEY
        case ProviderRejected(reason=RejectionReason.PAYMENT):
            return PAY
        case ProviderRejected():
            return "the provider refuses this; its answer says why"
        case _:
            return TRY_AGAIN


def as_problem(error: ProviderError) -> Problem:
    """What a request is answered whose question to the provider came to nothing."""
    sentence = f"{str(error)[:1].upper()}{str(error)[1:]}; {remedy_for(error)}."
    return Conflict(sentence) if isinstance(error, ProviderRejected) else Unavailable(sentence)
