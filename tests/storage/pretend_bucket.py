"""As much of Amazon's storage as recordings need, over HTTP; a file is only there once it is complete."""

import re
from collections import defaultdict
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


@dataclass
class Bucket:
    files: dict[str, bytes] = field(default_factory=dict)
    media_types: dict[str, str] = field(default_factory=dict)
    parts: dict[str, dict[int, bytes]] = field(default_factory=lambda: defaultdict(dict))
    is_closed: bool = False
    may_abort: bool = True

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{path:path}", self._answer, methods=["GET", "HEAD", "PUT", "POST", "DELETE"])])

    async def _answer(self, request: Request) -> Response:
        if self.is_closed:
            return Response("<Error><Code>AccessDenied</Code></Error>", 403)
        path, body = request.path_params["path"], await request.body()
        match request.method:
            case "PUT":
                return self._put(request, path, body)
            case "POST":
                return self._post(request, path, body.decode())
            case "DELETE":
                return self._abort(path)
            case _:
                return self._read(request, path)

    def _put(self, request: Request, path: str, body: bytes) -> Response:
        number = request.query_params.get("partNumber")
        if number is None:
            self.files[path] = body
        else:
            self.parts[path][int(number)] = body
        return Response(headers={"ETag": '"1"'})

    def _post(self, request: Request, path: str, body: str) -> Response:
        if "delete" in request.query_params:
            keys = re.findall("<Key>(.*?)</Key>", body)
            for key in keys:
                self.files.pop(f"{path}/{key}", None)
            return _xml("DeleteResult", "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys))
        if "uploads" in request.query_params:
            self.media_types[path] = request.headers.get("content-type", "")
            return _xml("InitiateMultipartUploadResult", "<UploadId>upload</UploadId>")
        parts = self.parts.pop(path)
        self.files[path] = b"".join(parts[number] for number in sorted(parts))
        return _xml("CompleteMultipartUploadResult", '<ETag>"1"</ETag>')

    def _abort(self, path: str) -> Response:
        if not self.may_abort:
            return Response("<Error><Code>AccessDenied</Code></Error>", 403)
        self.parts.pop(path, None)
        return Response(status_code=204)

    def _read(self, request: Request, path: str) -> Response:
        whole = self.files.get(path)
        if whole is None:
            return Response("<Error><Code>NoSuchKey</Code></Error>", 404)
        headers = {"ETag": '"1"', "Last-Modified": "Mon, 02 Mar 2026 18:00:00 GMT"}
        asked = request.headers.get("range")
        if asked is None:
            return Response(whole, headers=headers | {"Content-Length": str(len(whole))})
        first, last = (int(bound) for bound in asked.removeprefix("bytes=").split("-"))
        part = whole[first : last + 1]
        where = f"bytes {first}-{first + len(part) - 1}/{len(whole)}"
        return Response(part, 206, headers=headers | {"Content-Range": where})


def _xml(name: str, content: str) -> Response:
    return Response(f"<{name}>{content}</{name}>", media_type="application/xml")
