"""Path templates of google/api/http.proto.

    Template = "/" Segments [ Verb ] ;       Segment  = "*" | "**" | LITERAL | Variable ;
    Segments = Segment { "/" Segment } ;     Variable = "{" FieldPath [ "=" Segments ] "}" ;
    Verb     = ":" LITERAL ;                 FieldPath = IDENT { "." IDENT } ;

Where the grammar is silent: the root path "/" is a template; literals are RFC 3986 path characters; a colon in the last
segment starts the verb (the last colon, or the first one behind a variable); after ** only literals may follow.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

from .errors import TemplateError

SEGMENT_LIMIT = 128
"""Most segments of a template; bounds the depth of the routing tree."""

_LITERAL = re.compile(r"(?!\*)(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})+")
_FIELD_PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")


@dataclasses.dataclass(frozen=True, slots=True)
class Variable:
    """A field path and the flattened segments it covers: from `start` up to, not including, `end`."""

    field: str
    start: int
    end: int


@dataclasses.dataclass(frozen=True, slots=True)
class Template:
    """A parsed template: flattened segments (`*`, `**` or a literal as written), variables in order, verb or ""."""

    segments: tuple[str, ...]
    variables: tuple[Variable, ...]
    verb: str

    def render(self) -> str:
        """The shortest text with this meaning; parse(render()) gives the same template."""
        spans = {variable.start: variable for variable in self.variables}
        parts: list[str] = []
        index = 0
        while index < len(self.segments):
            variable = spans.get(index)
            parts.append(self._render_variable(variable) if variable else self.segments[index])
            index = variable.end if variable else index + 1
        return "/" + "/".join(parts) + (f":{self.verb}" if self.verb else "")

    def _render_variable(self, variable: Variable) -> str:
        covered = "/".join(self.segments[variable.start : variable.end])
        return f"{{{variable.field}}}" if covered == "*" else f"{{{variable.field}={covered}}}"

    def covers_one_segment(self, variable: Variable) -> bool:
        """Whether the variable always takes exactly one segment, so that it is decoded in full."""
        return variable.end - variable.start == 1 and self.segments[variable.start] != "**"


def parse(text: str) -> Template:
    """Parse one template; raises TemplateError with the reason."""
    if not text.startswith("/"):
        raise TemplateError(f"{text!r}: a template starts with a slash")
    if text == "/":
        return Template((), (), "")
    path, verb = _split_verb(text)
    segments: list[str] = []
    variables: list[Variable] = []
    for part in _split_segments(text, path):
        if part.startswith("{"):
            variables.append(_parse_variable(text, part[1:-1], segments))
        else:
            segments.append(_checked_segment(text, part))
    _check_whole(text, segments, variables)
    return Template(tuple(segments), tuple(variables), verb)


def _split_verb(text: str) -> tuple[str, str]:
    path = text[1:]
    brace = path.rfind("}")
    slash = path.rfind("/")
    colon = path.find(":", brace) if brace > slash else path.rfind(":")
    if colon <= max(brace, slash):
        return path, ""
    verb = path[colon + 1 :]
    if not _LITERAL.fullmatch(verb):
        raise TemplateError(f"{text!r}: a verb is a non-empty literal")
    return path[:colon], verb


def _split_segments(text: str, path: str) -> Iterator[str]:
    start = 0
    while True:
        end = _segment_end(text, path, start)
        yield path[start:end]
        if end == len(path):
            return
        if path[end] != "/":
            raise TemplateError(f"{text!r}: a variable fills its segment alone")
        start = end + 1


def _segment_end(text: str, path: str, start: int) -> int:
    if path.startswith("{", start):
        end = path.find("}", start)
        if end < 0:
            raise TemplateError(f"{text!r}: a variable is not closed")
        return end + 1
    end = path.find("/", start)
    return len(path) if end < 0 else end


def _parse_variable(text: str, inner: str, segments: list[str]) -> Variable:
    field, equals, pattern = inner.partition("=")
    if not _FIELD_PATH.fullmatch(field):
        raise TemplateError(f"{text!r}: a variable names a field path")
    start = len(segments)
    parts = pattern.split("/") if equals else ["*"]
    segments.extend(_checked_segment(text, part) for part in parts)
    return Variable(field, start, len(segments))


def _checked_segment(text: str, part: str) -> str:
    if part in ("*", "**") or _LITERAL.fullmatch(part):
        return part
    reason = "an empty segment" if not part else f"{part!r} is no literal"
    raise TemplateError(f"{text!r}: {reason}")


def _check_whole(text: str, segments: list[str], variables: list[Variable]) -> None:
    if len(segments) > SEGMENT_LIMIT:
        raise TemplateError(f"{text!r}: more than {SEGMENT_LIMIT} segments")
    if "**" in segments and {"*", "**"}.intersection(segments[segments.index("**") + 1 :]):
        raise TemplateError(f"{text!r}: only literals may follow **")
    fields = [variable.field for variable in variables]
    if len(set(fields)) != len(fields):
        raise TemplateError(f"{text!r}: a field is bound twice")
