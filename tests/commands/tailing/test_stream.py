"""A stream is taken up again where it was left, for as long as that can help."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

import httpx
import pytest
from typing_extensions import override

from commands.api_errors import ApiRefused, NoWayIn
from commands.tailing.stream import NEWS, LiveStream

Json = dict[str, Any]
Part = bytes | Exception

BEGIN = b'retry: 2000\ndata: {"type": "begin", "resumed": false}\n\n'
NOW = b": from now on what changes\nid: 1.a\n\n"


def event(event_id: str | None = None, **fields: object) -> bytes:
    written = json.dumps(fields, ensure_ascii=False)
    return (f"id: {event_id}\n" if event_id else "").encode() + f"data: {written}\n\n".encode()


class Parts(httpx.AsyncByteStream):
    """What comes over one connection, bit by bit, and how it ends."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            if isinstance(part, Exception):
                raise part
            yield part


class Api(httpx.AsyncBaseTransport):
    """Answers one request after the other, and remembers which id each of them went on from."""

    def __init__(self, *answers: Sequence[Part] | httpx.Response) -> None:
        self._answers = iter(answers)
        self.resumed_from: list[str | None] = []

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.resumed_from.append(request.headers.get("Last-Event-ID"))
        answer = next(self._answers)
        if isinstance(answer, httpx.Response):
            return answer
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=Parts(answer))


def problem(status: int, detail: str) -> httpx.Response:
    return httpx.Response(status, json={"detail": detail, "request_id": "r1"})


class Listened:
    """All that came until the API refused, or the answers of the test ran out."""

    def __init__(self) -> None:
        self.events: list[Json | None] = []
        self.lost: list[tuple[str, float]] = []
        self.waited: list[float] = []
        self.refused: ApiRefused | None = None

    async def wait(self, seconds: float) -> None:
        self.waited.append(seconds)


async def listen(api: Api) -> Listened:
    heard = Listened()
    async with httpx.AsyncClient(transport=api, base_url="http://leadline") as http:
        stream = LiveStream(http, {}, lambda why, pause: heard.lost.append((why, pause)), heard.wait)
        try:
            async with aclosing(stream.events()) as events:
                async for one in events:
                    heard.events.append(one)
        except ApiRefused as refused:
            heard.refused = refused
    return heard


def gone() -> httpx.Response:
    return problem(401, "The token doesn't hold any more.")


async def test_after_a_break_it_goes_on_from_the_last_id_that_was_heard() -> None:
    api = Api([BEGIN, NOW, event("2.b", type="call"), event(type="flag")], [BEGIN, NOW], gone())
    heard = await listen(api)
    assert api.resumed_from == [None, "2.b", "1.a"]
    assert [one and one["type"] for one in heard.events] == ["begin", NEWS, "call", "flag", "begin", NEWS]
    assert heard.waited == [1.0, 1.0]


async def test_pauses_grow_until_a_stream_has_told_all_that_goes_on() -> None:
    broken: list[list[Part]] = [[BEGIN, httpx.ReadError("broken")]] * 6
    api = Api(*broken, problem(503, "The database is away."), [BEGIN, NOW], gone())
    heard = await listen(api)
    assert heard.waited == [1, 2, 4, 8, 16, 30, 30, 1]
    whys = [why for why, _ in heard.lost]
    assert whys[0] == "the API doesn't answer (ReadError)"
    assert whys[-2:] == ["The database is away.", "the API ended the stream"]
    assert [pause for _, pause in heard.lost] == heard.waited


async def test_silence_is_a_lost_connection() -> None:
    heard = await listen(Api([BEGIN, NOW, httpx.ReadTimeout("45 seconds of it")], gone()))
    assert heard.lost == [("the API doesn't answer (ReadTimeout)", 1.0)]


async def test_a_comment_with_an_id_moves_the_place_to_go_on_from() -> None:
    api = Api([BEGIN, NOW, b": still here\nid: 3.c\n\n"], gone())
    heard = await listen(api)
    assert api.resumed_from == [None, "3.c"]
    assert heard.events.count(NEWS) == 1


@pytest.mark.parametrize("said", ["one\u2028two", "one\u0085two", "one\x0btwo", "naïve 日本"])
async def test_no_sign_within_an_utterance_breaks_its_event(said: str) -> None:
    whole = event("2.b", type="transcript", utterances=[{"role": "user", "content": said}])
    heard = await listen(Api([BEGIN, NOW, whole[:40], whole[40:]], gone()))
    assert heard.events[-1] == {"type": "transcript", "utterances": [{"role": "user", "content": said}]}


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        pytest.param(gone(), NoWayIn, "doesn't hold any more", id="signed-out"),
        pytest.param(problem(403, "Not yours."), ApiRefused, "Not yours.", id="not-allowed"),
        pytest.param(problem(422, "lead_id: no UUID"), ApiRefused, "lead_id", id="no-id"),
        pytest.param(httpx.Response(200, text="<html>"), ApiRefused, "not Leadline", id="something-else"),
        pytest.param([BEGIN, b"data: {\n\n"], ApiRefused, "not Leadline", id="no-json"),
    ],
)
async def test_what_would_be_the_same_again_is_the_end(
    answer: httpx.Response | Sequence[Part], kind: type[ApiRefused], says: str
) -> None:
    heard = await listen(Api(answer))
    assert isinstance(heard.refused, kind)
    assert (says in str(heard.refused), heard.waited) == (True, [])
