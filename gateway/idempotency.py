"""The header Idempotency-Key (draft-ietf-httpapi-idempotency-key-header) on the routes whose contract takes it."""

from __future__ import annotations

import re

from gateway.endpoints import Endpoint, Variables
from gateway.http import Header, Request, Response
from mesh import errors
from mesh.rpc import idempotency

HEADER = "idempotency-key"
REPLAYED: Header = ("idempotency-replayed", "true")
# A string of RFC 8941, section 3.3.3, without parameters; or, as many clients send it, the bare visible characters.
_QUOTED = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
_BARE = re.compile(r"[!#-~][!-~]*")
_ESCAPE = re.compile(r"\\(.)")


class Keyed:
    """A route that takes a key: its call carries it, and an answer that was given before says so."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    async def __call__(self, request: Request, variables: Variables) -> Response:
        text = request.headers.get(HEADER)
        if text is None:
            return await self._endpoint(request, variables)
        with idempotency.sending(parse(text)) as sent:
            try:
                response = await self._endpoint(request, variables)
            except errors.ServiceError as refusal:
                refusal.replayed = sent.replayed
                raise
        if sent.replayed:
            response.headers.append(REPLAYED)
        return response


def parse(text: str) -> str:
    """The key in a header: 1 to 255 characters.

    Raises:
        errors.InvalidArgument: it is none, or more than one.
    """
    text = text.strip(" \t")
    if quoted := _QUOTED.fullmatch(text):
        key = _ESCAPE.sub(r"\1", quoted[1])
    else:
        key = text if _BARE.fullmatch(text) else ""
    if not 0 < len(key) <= idempotency.LONGEST_KEY:
        wrong = errors.FieldViolation("Idempotency-Key", 'must be one string of 1 to 255 visible characters: "..."')
        raise errors.InvalidArgument(violations=(wrong,))
    return key
