"""Keeps what failed activities say out of histories and logs, unless it is known to hold nothing personal.

A database names in its errors the values that it choked on, and those are phone numbers and names.
"""

from collections.abc import Iterator
from typing import Any

from temporalio.exceptions import ApplicationError, FailureError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor
from typing_extensions import override

from activities.lead_workflows import EngineAway
from storage.situations import LeadMoved
from telephony.errors import ProviderError

_OUR_WORDS = (ProviderError, EngineAway, LeadMoved)
"""Errors whose messages are made of our own words and ids only."""


class Discretion(Interceptor):
    """An error of an activity reaches the engine by its kind and the lines it came from; see ``discreet``."""

    @override
    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Discreet(next)


class _Discreet(ActivityInboundInterceptor):
    @override
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        try:
            return await super().execute_activity(input)
        except FailureError:
            raise
        except Exception as error:  # noqa: BLE001  (whatever it is, its words must not get out)
            # The traceback holds lines of code and no values.
            raise discreet(error).with_traceback(error.__traceback__) from None


def discreet(error: Exception) -> ApplicationError:
    """The same error in our own words: ``ProviderBusy``'s own message, but ``DBAPIError <- DeadlockDetectedError``."""
    message = str(error) if isinstance(error, _OUR_WORDS) else " <- ".join(_kinds(error))
    return ApplicationError(message, type=type(error).__name__)


def _kinds(error: BaseException | None) -> Iterator[str]:
    """The error and what it came from, by their kinds."""
    while error is not None:
        yield type(error).__name__
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
