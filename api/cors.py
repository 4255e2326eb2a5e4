"""CORS, whose refusals are problems like all others."""

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from typing_extensions import override

from api.problems import Invalid, problem_response


class Cors(CORSMiddleware):
    """Starlette's, but for the text of a refused preflight, which would be plain text and 400."""

    @override
    def preflight_response(self, request_headers: Headers) -> Response:
        answer = super().preflight_response(request_headers)
        if answer.status_code < HTTPStatus.BAD_REQUEST:
            return answer
        refusal = problem_response(Invalid("Origin", "LEADLINE_CORS_ORIGINS names who may ask from a page of theirs."))
        refusal.headers["Vary"] = answer.headers.get("Vary", "Origin")
        return refusal
