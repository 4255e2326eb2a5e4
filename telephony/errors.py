"""What went wrong with a request to the voice provider, and so what the caller may do.

ProviderError
  + ProviderRejected      it said no; dialling again will be refused again
  + ProviderBusy          it had no room; nothing rang; come back later, the attempt is not used up
  + ProviderUnreachable   it never received the request, or the request was only a question; repeating is safe
  + DialUnconfirmed       it may have dialled; only the same idempotency key, a look-up or a webhook may settle it

Messages hold nothing personal and no keys, whatever the provider says: they are logged, stored in histories and shown
to people.
"""

from datetime import timedelta
from enum import StrEnum


class RejectionReason(StrEnum):
    """Who has to act before the same request can succeed."""

    ACCOUNT = "account"
    """401 or 403: the key is wrong, revoked or not allowed to do this. Every call of the account is affected."""

    PAYMENT = "payment"
    """402: the provider wants to be paid. Every call of the account is affected."""

    AGENT = "agent"
    """The agent or its version doesn't exist, or the caller ID has none bound. The campaign is affected."""

    CALLER_ID = "caller_id"
    """The account doesn't own the number to call from. The number pool is affected."""

    NUMBER = "number"
    """The destination is invalid or not allowed. This lead is affected."""

    DO_NOT_CALL = "do_not_call"
    """The provider's own do-not-call mark is on the destination (400 by ``honor_internal_dnc``)."""

    REQUEST = "request"
    """Any other refusal: the request itself is wrong."""


class ProviderError(Exception):
    """The provider didn't do what was asked. Never raised itself; catch it where every kind is treated alike."""


class ProviderRejected(ProviderError):  # noqa: N818 - says what happened, not that it is an error
    """The provider read the request and said no; nothing rang.

    Don't send the same request again: ``reason`` says what has to change first. The request may be repeated
    once somebody has changed it.
    """

    def __init__(self, message: str, *, reason: RejectionReason, status: int | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.status = status


class ProviderBusy(ProviderError):  # noqa: N818 - says what happened, not that it is an error
    """The provider has no room now (429, or refused for concurrency); nothing rang.

    Close the attempt as not counting and come back after ``retry_after``, or after a backoff of your own where
    that is ``None``.
    """

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ProviderUnreachable(ProviderError):  # noqa: N818 - says what happened, not that it is an error
    """No connection came about, so a dial never left; or a question (get, find, stop, concurrency) went unanswered.

    Either way repeating is safe. For a question it says nothing about the call asked for.
    """


class DialUnconfirmed(ProviderError):  # noqa: N818 - says what happened, not that it is an error
    """The request to dial left and no usable answer came back: the phone may be ringing.

    Raised for read timeouts, connections lost after sending, 5xx, 408, 409, and 2xx without a call id; only by
    ``place``. Don't dial anew. The attempt may be settled by ``find``, by a webhook, or by sending the same body
    under the same idempotency key within the provider's hour.
    """
