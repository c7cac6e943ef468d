"""A durable record of every outcome of the methods whose contract asks for one."""

from __future__ import annotations

from credpass.mesh.v1 import audit_events_pb2

from mesh import errors, ids
from mesh.errors import Kind
from mesh.events import codec
from mesh.rpc import context
from mesh.rpc.call import Call, Interceptor

# The service could not answer; everything else that is not a success it refused.
_FAILED = frozenset({Kind.INTERNAL, Kind.UNAVAILABLE, Kind.DEADLINE_EXCEEDED})


class Audit(Interceptor):
    """Puts the record into the outbox before the answer goes out. No record, no answer: the call fails."""

    def before(self, call: Call) -> None:
        call.notes = {}

    async def settle(self, call: Call) -> None:
        record = self._record(call)
        event = codec.event(
            record,
            aggregate_id=ids.new_id("call"),
            version=1,
            clock_now=self.surroundings.clock.now(),
            correlation_id=call.correlation_id,
        )
        try:
            await self.surroundings.documents.append(event)
        except errors.ServiceError as trouble:
            call.error = trouble

    def _record(self, call: Call) -> audit_events_pb2.CallAudited:
        actor_type, actor_id = _actor(call)
        notes, error = call.notes or {}, call.service_error
        return audit_events_pb2.CallAudited(
            action=self.policy.audit,
            actor_type=notes.get("actor_type", actor_type),
            actor_id=notes.get("actor_id", actor_id),
            resource_type=notes.get("resource_type", ""),
            resource_id=notes.get("resource_id", ""),
            outcome="success" if error is None else "failed" if error.kind in _FAILED else "refused",
            reason="" if error is None else error.reason,
            client_address=call.client_address,
            user_agent=call.user_agent,
        )


def _actor(call: Call) -> tuple[str, str]:
    match call.principal:
        case context.UserPrincipal(user_id=user_id):
            return "user", user_id
        case context.InstitutionPrincipal(institution_id=institution_id):
            return "institution", institution_id
        case None if call.peer in {"", "gateway"}:
            return "anonymous", ""
        case None:
            return "service", call.peer
