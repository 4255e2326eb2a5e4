"""ApiRefused
+ ApiAway    it is not there, or has too much to do: asking again in a moment may help
+ NoWayIn    nobody is signed in: there is nothing to sign in with, or it isn't taken
"""

from collections.abc import Mapping
from typing import Any

import httpx

NO_WAY_IN = "Set LEADLINE_API_KEY to the API key of an admin, or LEADLINE_ADMIN_PASSWORD."
PASSING = (
    httpx.codes.TOO_MANY_REQUESTS,
    httpx.codes.BAD_GATEWAY,  # of a proxy whose API is starting
    httpx.codes.SERVICE_UNAVAILABLE,
    httpx.codes.GATEWAY_TIMEOUT,
)
MOST_QUOTED = 200


class ApiRefused(Exception):  # noqa: N818 - says what happened, as the house's other errors do
    """The API is not there or said no; the text is for the person at the terminal.

    ``status``: of its answer, none where there was none. ``problem``: all that the answer said, for programs.
    """

    def __init__(self, message: str, *, status: int | None = None, problem: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.problem = problem or {}

    def as_json(self) -> dict[str, Any]:
        """What every command says with ``--json`` where it was refused."""
        return {
            "error": {"status": self.status, "detail": str(self), "request_id": self.problem.get("request_id")},
        }


class ApiAway(ApiRefused):
    """It is not there, or has too much to do: asking again in a moment may help."""


class NoWayIn(ApiRefused):
    """Nobody is signed in: there is nothing to sign in with, or it isn't taken."""


def refusal(answer: httpx.Response) -> ApiRefused:
    """What an answer that is no success means for the person; it has to be read already."""
    sentence = sentence_of(answer)
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        return NoWayIn(f"{sentence} {NO_WAY_IN}", status=answer.status_code, problem=_problem(answer))
    kind = ApiAway if answer.status_code in PASSING else ApiRefused
    return kind(sentence, status=answer.status_code, problem=_problem(answer))


def no_answer(error: httpx.HTTPError) -> ApiAway:
    return ApiAway(f"Leadline doesn't answer ({type(error).__name__}); ./leadline status says more.")


def not_ours(answer: httpx.Response) -> ApiRefused:
    """Something else listens there."""
    where = f"{answer.request.url.scheme}://{answer.request.url.netloc.decode()}"
    return ApiRefused(f"What answers at {where} is not Leadline.", status=answer.status_code)


def sentence_of(answer: httpx.Response) -> str:
    """What an answer that is no success says for people."""
    detail = _problem(answer).get("detail")
    return str(detail) if detail else answer.text[:MOST_QUOTED] or answer.reason_phrase or str(answer.status_code)


def _problem(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
