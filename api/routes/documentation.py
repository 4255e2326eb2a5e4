"""The document as a page: Swagger UI, all of it from here and no script within the page.

Its files come with the package `fastapi-swagger`, of which nothing is run here. Addresses are relative, so that the
page also works below a path of a proxy.
"""

from collections.abc import Awaitable, Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import FileResponse, HTMLResponse, Response

PACKAGE = "fastapi_swagger"
FILES = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}
VERSION = version(PACKAGE)

PAGE = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Leadline API</title>
<link rel="stylesheet" href="docs/swagger-ui.css?{VERSION}">
<link rel="icon" type="image/png" href="docs/favicon-32x32.png?{VERSION}">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js?{VERSION}"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
START = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "none",
  defaultModelsExpandDepth: 0,
  filter: true,
  validatorUrl: null,
});
"""

# Nothing within the page runs or draws: Swagger UI sets its styles by script, which needs no leave.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
ASKED_FOR_AGAIN = "no-cache"
KEPT = "public, max-age=31536000, immutable"
"""Their addresses name their version."""

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def page() -> Response:
    return HTMLResponse(PAGE, headers={"Content-Security-Policy": POLICY, "Cache-Control": ASKED_FOR_AGAIN})


@router.get("/docs/start.js")
async def start() -> Response:
    return Response(START, media_type="text/javascript", headers={"Cache-Control": ASKED_FOR_AGAIN})


def _folder() -> Path:
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        msg = f"{PACKAGE} is not installed"
        raise RuntimeError(msg)
    return Path(spec.origin).parent / "resources"


def _file(name: str, media_type: str) -> Callable[[], Awaitable[Response]]:
    path = _folder() / name

    async def file() -> Response:
        return FileResponse(path, media_type=media_type, headers={"Cache-Control": KEPT})

    return file


for _name, _media_type in FILES.items():
    router.add_api_route(f"/docs/{_name}", _file(_name, _media_type), methods=["GET"])
