"""Builds the audit service: a straight list."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

from credpass.audit.v1 import audit_service_pb2_grpc

from mesh import backends as mesh_backends
from mesh import runner
from mesh import settings as mesh_settings
from mesh.rpc import channels as mesh_channels
from services.audit import adapters, consumers, rpc, usecases
from services.audit.settings import Settings


@contextlib.asynccontextmanager
async def build(
    own: Settings,
    _mesh: mesh_settings.Settings,
    backends: mesh_backends.Backends,
    _channels: mesh_channels.Channels,
) -> AsyncIterator[runner.Service]:
    """The service, ready to be hosted. It calls nobody."""
    await backends.documents.ensure(*adapters.COLLECTIONS)
    trail = adapters.DocumentTrail(backends.documents)
    signer = adapters.VaultSigner(backends.vault)
    append = usecases.AppendEvents(trail, signer, adapters.VaultConcealer(backends.vault))
    prune = usecases.PruneTrail(trail, signer, backends.clock, timedelta(seconds=own.retention_s))
    servicer = rpc.AuditServicer(usecases.VerifyTrail(trail, signer), usecases.ListRecords(trail))
    registration = runner.Registration(
        "credpass.audit.v1.AuditService", audit_service_pb2_grpc.add_AuditServiceServicer_to_server, servicer
    )
    yield runner.Service(
        "audit",
        (registration,),
        subscriptions=(consumers.subscription(append),),
        jobs=(runner.Job("prune-trail", own.prune_interval_s, prune),),
        niceness=10,  # the trail may follow a little later; whoever waits for an answer goes first
    )


async def check_trail(backends: mesh_backends.Backends) -> usecases.Report:
    """Walk the trail without the service running: for `credpass check-audit`."""
    await backends.documents.ensure(*adapters.COLLECTIONS)
    trail = adapters.DocumentTrail(backends.documents)
    return await usecases.VerifyTrail(trail, adapters.VaultSigner(backends.vault))()
