"""The switches of the transcoder. The defaults are strict proto JSON and plain google.api.http."""

from __future__ import annotations

import dataclasses
import enum


class DecodeMode(enum.Enum):
    """How a path variable is percent-decoded. A variable over one segment is always decoded in full."""

    ALL_EXCEPT_SLASH = "all_except_slash"
    """google/api/http.proto: in a variable over several segments %2F stays as it is."""
    ALL_EXCEPT_RESERVED = "all_except_reserved"
    """In such a variable every reserved character of RFC 6570 stays encoded."""
    ALL = "all"
    """Everything is decoded, so a client's %2F cannot be told from a slash any more."""
    LEGACY = "legacy"
    """The path is decoded before it is split: %2F separates segments. Only for tables that come from grpc-gateway."""


class Collision(enum.Enum):
    """What happens when the body sets a field that the path sets as well."""

    REFUSE = "refuse"
    """Any repetition is an error."""
    REFUSE_DIFFERENT = "refuse_different"
    """Only another value is an error."""
    BODY_WINS = "body_wins"
    """The value of the body stays."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """All switches; immutable, so that one set serves every route.

    JSON out: `print_defaults` prints fields without presence even when they hold their default; `indent` is the text of
    one level (None: compact). JSON in: unknown fields are errors unless `ignore_unknown_fields`. Requests:
    `system_parameters` are query names that never reach a message (`key`, `$alt`); `path_list_separator` allows a
    repeated field as path variable and splits it there (None: the rule is refused, as google/api/http.proto says).
    """

    print_defaults: bool = False
    proto_names: bool = False
    enums_as_ints: bool = False
    int64_as_numbers: bool = False
    indent: str | None = None
    ignore_unknown_fields: bool = False
    case_insensitive_enums: bool = False
    plus_is_space: bool = True
    system_parameters: frozenset[str] = frozenset()
    ignore_unknown_parameters: bool = False
    collision: Collision = Collision.REFUSE
    path_list_separator: str | None = None
    decode_mode: DecodeMode = DecodeMode.ALL_EXCEPT_SLASH
    unregistered_verb_matches_wildcard: bool = True
