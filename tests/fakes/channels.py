"""Channels without a network: a stub's calls go straight to a servicer in this process, or to a fake one."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar, cast

from credpass.auth.v1 import consent_service_pb2

from mesh import errors

Stub = TypeVar("Stub")


class LocalChannels:
    """Stands in for `mesh.rpc.channels.Channels`. Servicers go by the contract's service ("ConsentService"); they
    may be added after the stubs were made.
    """

    def __init__(self, **servicers: Any) -> None:
        self.servicers: dict[str, Any] = dict(servicers)

    def stub(self, factory: Callable[..., Stub], service: str) -> Stub:
        name = cast(type, factory).__name__.removesuffix("Stub")
        return cast(Stub, _LocalStub(self.servicers, name))


class _LocalStub:
    def __init__(self, servicers: dict[str, Any], name: str) -> None:
        self._servicers, self._name = servicers, name

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def call(request: Any, *, timeout: float | None = None) -> Any:
            return getattr(self._servicers[self._name], method)(request, None)

        return call


class FakeConsentServicer:
    """The auth service's ConsentService as others see it: everybody consents, from CZ, until told otherwise.

    The next `outages` calls find it out of reach.
    """

    def __init__(self) -> None:
        self.withdrawn: set[str] = set()
        self.outages = 0

    async def CheckConsent(  # noqa: N802
        self, request: consent_service_pb2.CheckConsentRequest, context: object
    ) -> consent_service_pb2.CheckConsentResponse:
        if self.outages > 0:
            self.outages -= 1
            raise errors.Unavailable
        if request.user_id in self.withdrawn:
            return consent_service_pb2.CheckConsentResponse(allowed=False)
        return consent_service_pb2.CheckConsentResponse(allowed=True, country="CZ")


async def stream(*items: Any) -> AsyncIterator[Any]:
    """Items as an async stream."""
    for item in items:
        yield (await item) if inspect.isawaitable(item) else item
