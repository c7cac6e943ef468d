"""The `options` of a case -> switches of the transcoder, or the reason why the case is skipped."""

from __future__ import annotations

import dataclasses
from typing import Any

from gateway.transcoding import Collision, Options

from .transcoding_cases_suite import Case

_SAME_MEANING = {
    "always_print_enums_as_ints": "enums_as_ints",
    "always_print_fields_with_no_presence": "print_defaults",
    "always_print_primitive_fields": "print_defaults",
    "case_insensitive_enums": "case_insensitive_enums",
    "case_insensitive_enum_parsing": "case_insensitive_enums",
    "discard_unknown": "ignore_unknown_fields",
    "emit_default_values": "print_defaults",
    "emit_unpopulated": "print_defaults",
    "enums_as_ints": "enums_as_ints",
    "ignore_unknown_fields": "ignore_unknown_fields",
    "ignore_unknown_parameters": "ignore_unknown_parameters",
    "ignore_unknown_query_parameters": "ignore_unknown_parameters",
    "indent": "indent",
    "int64_as_numbers": "int64_as_numbers",
    "match_unregistered_custom_verb": "match_unregistered_custom_verb",
    "plus_is_space": "plus_is_space",
    "preserve_proto_field_names": "proto_names",
    "proto_names": "proto_names",
    "unregistered_verb_matches_wildcard": "unregistered_verb_matches_wildcard",
    "query_param_unescape_plus": "plus_is_space",
    "use_enum_numbers": "enums_as_ints",
    "use_proto_names": "proto_names",
}
_FIXED = {"fail_on_duplicate": True, "form_post_falls_back_to_get": False, "method_override": False}
"""Switches that only stand one way here: a duplicate always fails the build, no request changes its method."""


@dataclasses.dataclass(frozen=True)
class Offered:
    """The switches, and why the case cannot be run (empty when it can)."""

    options: Options
    skipped: str = ""


def offered(case: Case, base: Options, *outer: Case) -> Offered:
    """The options of a case on top of `base`; those of the enclosing table (`outer`) first."""
    options = base
    for source in (*outer, case):
        for name, value in dict(source.get("options") or {}).items():
            changed = _changed(options, name, value)
            if changed is None:
                return Offered(base, f"option {name}={value!r} is not offered")
            options = changed
    return Offered(options)


def _changed(options: Options, name: str, value: Any) -> Options | None:
    if name in _FIXED:
        return options if value == _FIXED[name] else None
    if name in ("ignored_query_parameters", "system_parameters"):
        return dataclasses.replace(options, system_parameters=frozenset(value))
    if name in ("refuse_collisions", "reject_binding_body_field_collisions"):
        collision = Collision.REFUSE_DIFFERENT if value else Collision.BODY_WINS
        return dataclasses.replace(options, collision=collision)
    if name == "match_unregistered_custom_verb":
        return dataclasses.replace(options, unregistered_verb_matches_wildcard=not value)
    switch = _SAME_MEANING.get(name)
    if switch is None or not isinstance(value, bool | str):
        return None
    changes: dict[str, Any] = {switch: value}
    return dataclasses.replace(options, **changes)
