"""Cases on templates, route tables and rules."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from gateway.transcoding import (
    BadPath,
    BuildError,
    DecodeMode,
    DuplicateRouteError,
    Match,
    Options,
    Router,
    WrongMethod,
    rules,
    templates,
)

from .transcoding_cases_options import offered
from .transcoding_cases_suite import Case, Question, Suite, http_rule, plain_options, question

_Answer = dict[str, Any]


def template_cases(_: Suite, cases: list[Case]) -> Iterator[Question]:
    """Template text -> its parts."""
    for case in cases:
        yield question(case, case["expect"], functools.partial(_check_template, case))


def _check_template(case: Case, expect: Case) -> str | None:
    answer = _parsed(case["template"])
    if not expect["valid"] or not answer["valid"]:
        return None if answer["valid"] == expect["valid"] else str(answer)
    differs = [
        key
        for key in ("segments", "variables", "verb")
        if key in expect and _folded(expect[key]) != _folded(answer[key])
    ]
    return str(answer) if differs else None


def _parsed(text: str) -> _Answer:
    try:
        template = templates.parse(text)
    except BuildError as error:
        return {"valid": False, "reason": str(error)}
    variables = [{"field": v.field, "start": v.start, "end": v.end} for v in template.variables]
    return {"valid": True, "segments": list(template.segments), "variables": variables, "verb": template.verb}


def _folded(value: Any) -> Any:
    """Percent escapes are compared without regard to case."""
    return [v.lower() if isinstance(v, str) and "%" in v else v for v in value] if isinstance(value, list) else value


def table_cases(_: Suite, tables: list[Case]) -> Iterator[Question]:
    """Route tables and their requests."""
    for table in tables:
        for request in table["requests"]:
            asked = offered(request, Options(), table)
            mode = request.get("mode") or table.get("mode") or DecodeMode.ALL_EXCEPT_SLASH.value
            known = mode in {offered.value for offered in DecodeMode}
            options = plain_options(asked.options, decode_mode=DecodeMode(mode)) if known else asked.options
            yield question(
                request,
                request["expect"],
                functools.partial(_check_request, table, request, options),
                disputed=bool(table.get("disputed")),
                skipped=asked.skipped or ("" if known else f"mode {mode!r} is not offered"),
            )


def _check_request(table: Case, request: Case, options: Options, expect: Case) -> str | None:
    answer = _routed(table, request, options)
    wants_build = expect.get("build", table.get("build"))
    if wants_build != answer.get("build"):
        return str(answer)
    keys = [key for key in ("result", "route", "bindings") if key in expect]
    differs = any(expect[key] != answer.get(key) for key in keys)
    # HEAD and OPTIONS follow from the others, so a source may leave them out
    differs = differs or not set(expect.get("allow", ())) - {"HEAD", "OPTIONS"} <= set(answer.get("allow", ()))
    return str(answer) if differs else None


def _routed(table: Case, request: Case, options: Options) -> _Answer:
    try:
        parsed = [(route["name"], route["method"], templates.parse(route["template"])) for route in table["routes"]]
        router: Router[tuple[str, templates.Template]] = Router(
            ((method, template, (name, template)) for name, method, template in parsed),
            mode=options.decode_mode,
            unregistered_verb_matches_wildcard=options.unregistered_verb_matches_wildcard,
        )
    except DuplicateRouteError:
        return {"result": "none", "build": "duplicate"}
    except BuildError as error:
        return {"result": "none", "build": "invalid", "reason": str(error)}
    return _answer(router, request["method"], _path(request))


def _answer(router: Router[tuple[str, templates.Template]], method: str, path: str) -> _Answer:
    match router.match(method, path):
        case Match(route=(name, template), variables=texts):
            return {
                "result": "match",
                "route": name,
                "bindings": {v.field: text for v, text in zip(template.variables, texts, strict=True)},
            }
        case WrongMethod(allow=allow):
            return {"result": "wrong_method", "allow": list(allow)}
        case BadPath():
            return {"result": "bad_request"}
        case _:
            return {"result": "none"}


def _path(request: Case) -> str:
    if "path" in request:
        return str(request["path"])
    return "".join(part if isinstance(part, str) else part[0] * part[1] for part in request["path_parts"])


def rule_cases(_: Suite, cases: list[Case]) -> Iterator[Question]:
    """HttpRule -> bindings."""
    for case in cases:
        yield question(case, case["expect"], functools.partial(_check_rule, case))


def _check_rule(case: Case, expect: Case) -> str | None:
    try:
        found = rules.bindings(http_rule(case["rule"]))
    except BuildError as error:
        return None if expect.get("error") else f"refused: {error}"
    answer = [{"method": b.method, "template": b.template.render(), "body": b.body} for b in found]
    wanted = [{**b, "template": templates.parse(b["template"]).render()} for b in expect.get("bindings", ())]
    return None if answer == wanted and not expect.get("error") else str(answer)
