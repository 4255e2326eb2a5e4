"""What a failed activity tells the engine of its error."""

import pytest

from activities.discretion import discreet
from activities.lead_workflows import EngineAway
from telephony.errors import ProviderBusy

NUMBER = "+13125550177"


def chained(*, by: str) -> Exception:
    """An error that came from another, with a person in both."""
    try:
        try:
            raise KeyError(NUMBER)
        except KeyError as first:
            if by == "cause":
                raise ValueError(NUMBER) from first
            if by == "context":
                raise ValueError(NUMBER)  # noqa: B904  (that is what is tried)
            raise ValueError(NUMBER) from None
    except ValueError as second:
        return second


@pytest.mark.parametrize(
    ("error", "message"),
    [
        pytest.param(ValueError(NUMBER), "ValueError", id="by-its-kind"),
        pytest.param(chained(by="cause"), "ValueError <- KeyError", id="with-its-cause"),
        pytest.param(chained(by="context"), "ValueError <- KeyError", id="with-what-it-came-up-in"),
        pytest.param(chained(by="nothing"), "ValueError", id="without-what-it-hides"),
        pytest.param(ProviderBusy("the provider answered 429"), "the provider answered 429", id="our-own-words"),
        pytest.param(EngineAway("no route to the server"), "no route to the server", id="the-engines-words"),
    ],
)
def test_an_error_is_told_by_its_kind_or_in_our_own_words(error: Exception, message: str) -> None:
    told = discreet(error)
    assert (told.message, told.type) == (message, type(error).__name__)
    assert told.__cause__ is None
