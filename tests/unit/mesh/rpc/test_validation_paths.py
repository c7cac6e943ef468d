from __future__ import annotations

import pytest
from credpass.auth.v1 import auth_service_pb2
from credpass.ingestion.v1 import ingestion_service_pb2
from credpass.verification.v1 import verification_service_pb2
from google.protobuf import message

from mesh import errors
from mesh.rpc.interceptors import validation


def violations(request: message.Message) -> list[str]:
    with pytest.raises(errors.InvalidArgument) as refused:
        validation.check(request)
    return [violation.field for violation in refused.value.violations]


def test_field_paths_are_in_proto_names_with_indexes() -> None:
    item = verification_service_pb2.BatchVerifyTokensRequest.Item
    good = verification_service_pb2.VerifyTokenRequest(token="vt_1")
    batch = verification_service_pb2.BatchVerifyTokensRequest(
        items=[item(request=good), item(request=verification_service_pb2.VerifyTokenRequest())],
        timeout_ms=1,
    )
    assert violations(batch) == ["items[1].request.token"]
    form = ingestion_service_pb2.UploadForm(source_country="nowhere")
    assert violations(ingestion_service_pb2.UploadStatementRequest(form=form)) == ["form.source_country"]


def test_every_broken_rule_is_named_and_the_value_is_not() -> None:
    request = auth_service_pb2.RegisterRequest(email="my secret", password="short", country="de")
    with pytest.raises(errors.InvalidArgument) as refused:
        validation.check(request)
    fields = {violation.field for violation in refused.value.violations}
    assert fields == {"email", "password", "first_name", "last_name", "country"}
    assert all("secret" not in violation.message for violation in refused.value.violations)


def test_keys_of_maps_are_quoted() -> None:
    class Chosen:
        def __init__(self, field: str, value: object) -> None:
            self.field, self.value = field, value

    class Element:
        def __init__(self, name: str, subscript: Chosen | None) -> None:
            self.field_name, self.subscript = name, subscript

    path = [Element("labels", Chosen("string_key", "x")), Element("by_flag", Chosen("bool_key", value=True))]
    assert validation.path_of(path) == 'labels["x"].by_flag[true]'


def test_message_that_keeps_its_rules_passes() -> None:
    validation.check(auth_service_pb2.LoginRequest(email="a", password="b"))
