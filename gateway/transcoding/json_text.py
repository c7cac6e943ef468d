"""JSON text -> plain values by orjson, plus the two checks that orjson leaves out: duplicate keys and proto's depth."""

from __future__ import annotations

import json
from typing import Any

import orjson

from .errors import Refusal, clip

DEPTH_LIMIT = 100
"""Deepest nesting of objects and lists, the limit of protobuf's own parsers."""
DYNAMIC_DEPTH_LIMIT = 25
"""Deepest nesting inside a Struct, Value or ListValue: one level there takes up to three levels on the wire."""


def loads(raw: bytes) -> Any:
    """Parse one strict RFC 8259 value (UTF-8; no NaN, no duplicate keys, no deep nesting); raises Refusal."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Refusal(f"not valid JSON at line {error.lineno}, column {error.colno}") from None
    if nests_deeper(raw, value, DEPTH_LIMIT):
        raise Refusal(f"nested deeper than {DEPTH_LIMIT} levels")
    if type(value) in (dict, list):
        _refuse_duplicate_keys(raw, value)
    return value


def nests_deeper(raw: bytes, value: Any, limit: int) -> bool:
    """Whether the parsed text nests deeper than `limit`; fewer brackets than that cannot."""
    return raw.count(b"{") + raw.count(b"[") > limit and depth(value) > limit


def depth(value: Any) -> int:
    """Levels of nesting, counted up to one more than the limit; level by level, so no input can exhaust the stack."""
    level = [value]
    for deep in range(DEPTH_LIMIT + 1):
        level = [item for item in level if type(item) in (dict, list)]
        if not level:
            return deep
        level = [child for item in level for child in (item.values() if type(item) is dict else item)]
    return DEPTH_LIMIT + 1


def _refuse_duplicate_keys(raw: bytes, value: Any) -> None:
    """Every key brings a colon. A key that was overwritten took its colon with it, so the counts differ exactly then:
    colons inside strings stand in both texts, unless the client wrote one as an escape (then the slow way decides).
    """
    if b"\\u003" not in raw and raw.count(b":") == orjson.dumps(value).count(b":"):
        return
    # ValueError and RecursionError cannot happen: the text is valid and not deep
    json.loads(raw, object_pairs_hook=_unique)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise Refusal("this key stands twice in one object").under(clip(key))
        found[key] = value
    return found
