"""The ASGI application: ids, matching, errors, headers, log and metrics around every route."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping
from typing import Any

from gateway import contracts, envelope, headers, idempotency, limits, observing, routes, transcoding
from gateway.endpoints import Endpoint
from gateway.http import RawHeader, Receive, Request, Response, Send, send_response
from gateway.pages import Page
from gateway.settings import Settings
from gateway.transcoding.status import http_status
from mesh import errors, ids, logs
from mesh.rpc import status

LOG = logs.get("gateway")


class UnknownPath(errors.NotFound):
    message = "There is no such path."


class MethodNotAllowed(errors.InvalidArgument):
    reason = "METHOD_NOT_ALLOWED"
    message = "The path does not take this method."


class MalformedRequest(errors.InvalidArgument):
    message = "Invalid request parameters"


class MalformedJson(errors.InvalidArgument):
    reason = "MALFORMED_JSON"
    message = "The body is not the JSON that this route takes."


class Gateway:
    """One gateway: everything is compiled before the first request."""

    def __init__(
        self,
        compiled: transcoding.Transcoder,
        endpoints: Mapping[transcoding.Route, Endpoint],
        pages: Mapping[str, Page],
        settings: Settings,
    ) -> None:
        self._transcoder, self._endpoints, self._pages, self._settings = compiled, endpoints, pages, settings
        self._statuses = contracts.error_statuses()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request (ASGI 3)."""
        if scope["type"] != "http":
            return
        started_s = time.perf_counter()
        request = Request(scope, receive, ids.random_text(ids.ID_LENGTH))
        if self._settings.trusted_proxies:
            request.believe_proxies(self._settings.trusted_proxies)
        route, response = await self._answer(request)
        if not await request.discard_rest():
            response.headers += request.close_headers()
        await send_response(send, response, self._always(request, response), head_only=request.method == "HEAD")
        observing.observe(request, route, response.status, time.perf_counter() - started_s)

    async def _answer(self, request: Request) -> tuple[str, Response]:
        """The route's name, for log and metrics, and the answer: whatever happens, there is one."""
        route = "unmatched"
        try:
            request.check_headers()
            if page := self._pages.get(request.path):
                return request.path, await self._page(request, page)
            found = self._match(request)
            if isinstance(found, Response):
                return route, found
            route = found.route.method.full_name
            return route, await self._endpoints[found.route](request, found.variables)
        except transcoding.TranscodingError as refusal:
            return route, self._failure(_refused(refusal), request)
        except errors.ServiceError as error:
            return route, self._failure(error, request)
        except asyncio.CancelledError:
            raise
        except Exception:
            LOG.exception("request failed", requestId=request.request_id, route=route)
            return route, self._failure(errors.Internal(), request)

    def _match(self, request: Request) -> transcoding.Match[transcoding.Route] | Response:
        if request.method == "OPTIONS":
            allowed = self._allowed(request.path)
            if not allowed:
                raise UnknownPath
            return headers.options_response(request, allowed, self._settings.cors_origins)
        match self._transcoder.match(request.method, request.path):
            case transcoding.Match() as found if request.method != "HEAD" or routes.takes_head(found.route.method):
                return found
            case transcoding.Match():
                return self._not_allowed(request, self._allowed(request.path))
            case transcoding.WrongMethod():
                return self._not_allowed(request, self._allowed(request.path))
            case transcoding.BadPath():
                raise MalformedRequest("The path holds a broken escape.")
            case _:
                raise UnknownPath

    def _allowed(self, path: str) -> tuple[str, ...]:
        """The methods that a path takes: HEAD only where asking for the head of an answer does nothing."""
        allowed, found = self._transcoder.allowed(path), self._transcoder.match("HEAD", path)
        if isinstance(found, transcoding.Match) and not routes.takes_head(found.route.method):
            return tuple(method for method in allowed if method != "HEAD")
        return allowed

    async def _page(self, request: Request, page: Page) -> Response:
        if request.method == "OPTIONS":
            return headers.options_response(request, ("GET", "HEAD"), self._settings.cors_origins)
        if request.method not in {"GET", "HEAD"}:
            return self._not_allowed(request, ("GET", "HEAD"))
        return await page(request)

    def _not_allowed(self, request: Request, allow: tuple[str, ...]) -> Response:
        response = self._failure(MethodNotAllowed(), request)
        response.headers.append(("allow", ", ".join((*allow, "OPTIONS"))))
        return response

    def _failure(self, error: errors.ServiceError, request: Request) -> Response:
        code = self._statuses.get((error.domain, error.reason)) or http_status(status.CODES[error.kind].value[0])
        response = Response(code, envelope.failure(error, request.request_id))
        if isinstance(error, limits.BudgetExceeded):
            response.headers += error.standing.headers()
        if error.replayed:
            response.headers.append(idempotency.REPLAYED)
        if error.retry_after_s is not None or code == 503:
            response.headers.append(("retry-after", str(max(1, math.ceil(error.retry_after_s or 1)))))
        if code == 401:
            response.headers.append(("www-authenticate", 'Bearer realm="credpass"'))
        return response

    def _always(self, request: Request, response: Response) -> list[RawHeader]:
        """Headers of every answer, less those that it brings itself: a page may be cached and name its own policy."""
        lines = headers.everywhere(name for name, _ in response.headers)
        lines.append((b"x-request-id", request.request_id.encode()))
        lines.append((b"x-correlation-id", request.correlation_id.encode()))
        return lines + headers.cors(request, self._settings.cors_origins) if self._settings.cors_origins else lines


def _refused(refusal: transcoding.TranscodingError) -> errors.ServiceError:
    """What the transcoder refused, as an error of ours: without a field it is the body as a whole."""
    violations = tuple(errors.FieldViolation(place.field, place.message) for place in refusal.violations)
    if not any(place.field for place in violations):
        return MalformedJson(refusal.message)
    return MalformedRequest(violations=violations)
