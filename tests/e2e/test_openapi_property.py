"""Whatever a client may send by the served description, the answer is one that the description promises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hypothesis
import pytest

from tests.support import openapi
from tests.support.rest import Institution, Person, Rest
from tests.support.statements import statement

pytestmark = [pytest.mark.slow, pytest.mark.one_stack("embedded", reason="what is described is the same text on both")]

EXAMPLES = 15
# These end the session or the account that calls: every example has its own, so they have few.
FEW_EXAMPLES = 3
ENDING = {"logout", "deleteAccount"}
IDS = ("credentialId", "uploadId", "linkId", "keyId", "token")

# Each operation; where ids are in the path, once with any and once with those that exist.
KINDS = [(each, known) for each in openapi.operations() for known in (False, True) if each.variables or not known]


@pytest.fixture(scope="module")
def described(rest: Rest) -> Any:
    """The served description, as schemathesis reads it (a slow import, so not at the top)."""
    import schemathesis

    return schemathesis.openapi.from_dict(rest.http.get("/openapi.json").json())


@pytest.fixture(scope="module")
def world(rest: Rest, institution: Institution) -> tuple[Person, dict[str, str]]:
    """A caller who has one of everything, and the ids."""
    person = rest.person()
    credential = person.credential(statement(6))
    link = person.share(credential["credentialId"], maxUsage=1000)
    (upload,) = rest.data("GET", "/data/uploads", person.token)["uploads"]
    key = institution.new_key("verify")["key"]
    ids = (credential["credentialId"], upload["uploadId"], link["linkId"], key["keyId"], link["token"])
    return person, dict(zip(IDS, ids, strict=True))


def checks() -> list[Any]:
    from schemathesis import checks as general
    from schemathesis.specs.openapi import checks as of_openapi

    return [
        general.not_a_server_error,
        of_openapi.status_code_conformance,
        of_openapi.content_type_conformance,
        of_openapi.response_schema_conformance,
        of_openapi.response_headers_conformance,
    ]


def bearer(operation: openapi.Operation, person: Person, institution: Institution) -> Callable[[], dict[str, str]]:
    """The headers that an operation's caller sends."""
    if operation.caller == "public":
        return dict
    if operation.caller == "institution":
        return lambda: {"Authorization": f"Bearer {institution.key}"}
    if operation.name in ENDING:
        return lambda: {"Authorization": f"Bearer {person.rest.person(consent=False).token}"}
    return lambda: {"Authorization": f"Bearer {person.token}"}


@pytest.mark.parametrize("mode", ["positive", "negative"])
@pytest.mark.parametrize(("operation", "known"), KINDS, ids=[f"{each}{'-known' * known}" for each, known in KINDS])
def test_every_answer_is_one_that_the_description_promises(
    rest: Rest,
    described: Any,
    world: tuple[Person, dict[str, str]],
    institution: Institution,
    operation: openapi.Operation,
    mode: str,
    *,
    known: bool,
) -> None:
    from schemathesis import GenerationMode

    person, ids = world
    headers = bearer(operation, person, institution)
    found = described[openapi.PREFIX + operation.path][operation.method]

    @hypothesis.settings(
        max_examples=FEW_EXAMPLES if operation.name in ENDING else EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=found.as_strategy(generation_mode=GenerationMode(mode)))
    def holds(case: Any) -> None:
        if known:
            case.path_parameters = {name: ids[name] for name in operation.variables}
        response = case.call(base_url=rest.url, headers=headers())
        case.validate_response(response, checks=checks())

    holds()
