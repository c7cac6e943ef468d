"""Servers that stop, and what they say of themselves."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import grpc
import orjson
import pytest
from credpass.auth.v1 import auth_service_pb2 as pb
from credpass.auth.v1 import auth_service_pb2_grpc as pb_grpc
from google.protobuf import descriptor_pb2
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc  # type: ignore[import-untyped]

from mesh import errors, tls
from mesh.documents import port
from mesh.rpc.policy import PolicyError
from mesh.rpc.server import StartError
from tests.fakes.servicers import AUTH, FakeAuth, FakeIngestion
from tests.support.conditions import until
from tests.support.rpc_servers import IDENTITIES, serving, stub_of

LOGIN = pb.LoginRequest(email="a", password="b")


async def test_drain_takes_no_new_calls_and_finishes_those_under_way(store: port.Documents) -> None:
    entered, let_go = asyncio.Event(), asyncio.Event()

    async def act(_request: Any) -> None:
        entered.set()
        await let_go.wait()

    auth = FakeAuth(act)
    async with (
        serving("auth", [auth.registration()], store) as server,
        stub_of(pb_grpc.AuthServiceStub, "auth", server.target) as stub,
        stub_of(pb_grpc.AuthServiceStub, "auth", server.target) as late,
    ):
        under_way = asyncio.ensure_future(stub.Login(LOGIN))
        await entered.wait()
        draining = asyncio.create_task(server.drain(10))
        await until(lambda: _is_refused(late))
        assert not draining.done()
        let_go.set()
        assert (await under_way).user_id == "user_1"
        await draining


async def _is_refused(stub: pb_grpc.AuthServiceAsyncStub) -> bool:
    try:
        await stub.Logout(pb.LogoutRequest())
    except errors.Unavailable:
        return True
    except errors.ServiceError:
        return False
    return False


async def test_call_that_outlasts_the_grace_period_is_ended_and_recorded(store: port.Documents) -> None:
    entered = asyncio.Event()

    async def act(_request: Any) -> None:
        entered.set()
        await asyncio.Event().wait()

    async with (
        serving("auth", [FakeAuth(act).registration()], store) as server,
        stub_of(pb_grpc.AuthServiceStub, "auth", server.target) as stub,
    ):
        under_way = asyncio.ensure_future(stub.Login(LOGIN))
        await entered.wait()
        await server.drain(0.05)
        left = await store.pending_events(10)
        with pytest.raises(errors.Unavailable):
            await under_way
    assert [orjson.loads(event.publication.value)["payload"]["outcome"] for event in left] == ["failed"]


async def test_second_server_on_the_same_address_is_refused(store: port.Documents) -> None:
    async with serving("auth", [FakeAuth().registration()], store) as server:
        with pytest.raises(StartError, match="in use"):
            async with serving("auth", [FakeAuth().registration()], store, address=server.target):
                pass


async def test_servicer_of_another_contract_is_refused(store: port.Documents) -> None:
    registration = dataclasses.replace(FakeIngestion().registration(), name=AUTH)
    with pytest.raises(PolicyError, match="AuthService/Login"):
        async with serving("auth", [registration], store):
            pass


async def test_socket_path_that_is_too_long_is_named(store: port.Documents) -> None:
    with pytest.raises(StartError, match="107 bytes"):
        async with serving("auth", [FakeAuth().registration()], store, address="unix:/tmp/" + "x" * 120):
            pass


async def test_reflection_describes_the_contracts_to_members_of_the_mesh(store: port.Documents) -> None:
    async with serving("auth", [FakeAuth().registration()], store) as server:
        credentials = IDENTITIES.identity("operator").channel_credentials()
        channel = grpc.aio.secure_channel(server.target, credentials, options=tls.target_options("auth"))
        async with channel:
            stub = reflection_pb2_grpc.ServerReflectionStub(channel)
            request = reflection_pb2.ServerReflectionRequest(file_containing_symbol="credpass.auth.v1.AuthService")
            answers = [answer async for answer in stub.ServerReflectionInfo(iter([request]))]
    files = [
        descriptor_pb2.FileDescriptorProto.FromString(data)
        for answer in answers
        for data in answer.file_descriptor_response.file_descriptor_proto
    ]
    assert "AuthService" in {service.name for file in files for service in file.service}
