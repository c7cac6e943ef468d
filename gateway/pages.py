"""What the gateway serves outside the contracts: health, the OpenAPI document, its page, the public keys."""

from __future__ import annotations

import hashlib
import importlib.util
import pathlib
from collections.abc import Awaitable, Callable

from gateway.http import Header, Request, Response

Page = Callable[[Request], Awaitable[Response]]

# Swagger UI sets element styles from its script and shows inline SVG images; scripts come from this host only.
DOCS_POLICY: Header = (
    "content-security-policy",
    (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
)
DOCS_PAGE = b"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>CredPass API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" href="data:,">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
DOCS_SCRIPT = b"""SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
});
"""
OPENAPI_FILE = pathlib.Path("openapi") / "credpass.json"


def with_etag(request: Request, response: Response) -> Response:
    """Give a cacheable answer its validator, or 304 to a client that has it (RFC 9110, section 13)."""
    tag = f'"{hashlib.sha256(response.body).hexdigest()[:32]}"'
    response.headers += [("etag", tag), ("cache-control", "public, max-age=300")]
    known = [part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")]
    if tag in known or "*" in known:
        response.status, response.body = 304, b""
    return response


def static(body: bytes, content_type: str, *headers: Header) -> Page:
    """A page that never changes while the process runs."""

    async def page(request: Request) -> Response:
        return with_etag(request, Response(200, body, list(headers), content_type))

    return page


def documentation() -> dict[str, Page]:
    """The OpenAPI document and Swagger UI, every asset from here: package flask-swagger-ui carries its files."""
    assets = _assets()
    html = static(DOCS_PAGE, "text/html; charset=utf-8", DOCS_POLICY)
    return {
        "/openapi.json": static(_openapi().read_bytes(), "application/json"),
        "/docs": html,
        "/docs/start.js": static(DOCS_SCRIPT, "text/javascript; charset=utf-8"),
        "/docs/swagger-ui.css": static((assets / "swagger-ui.css").read_bytes(), "text/css; charset=utf-8"),
        "/docs/swagger-ui-bundle.js": static(
            (assets / "swagger-ui-bundle.js").read_bytes(), "text/javascript; charset=utf-8"
        ),
    }


def _openapi() -> pathlib.Path:
    import credpass

    return next(pathlib.Path(folder).parent for folder in credpass.__path__) / OPENAPI_FILE


def _assets() -> pathlib.Path:
    # Found without importing it: the package's code is a Flask blueprint, of no use here.
    spec = importlib.util.find_spec("flask_swagger_ui")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("package flask-swagger-ui, which carries the assets of /docs, is not installed")
    return pathlib.Path(next(iter(spec.submodule_search_locations))) / "dist"
