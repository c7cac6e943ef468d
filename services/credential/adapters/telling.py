"""Events of the credential service, as they go into the write they tell of."""

from __future__ import annotations

from credpass.credential.v1 import credential_events_pb2 as pb
from google.protobuf import message as messages

from mesh import clock
from mesh.events import codec, port
from mesh.rpc import context
from services.credential import domain


class Telling:
    """Makes events of one moment. `version` is what the document has after the write."""

    def __init__(self, time: clock.Clock) -> None:
        self._clock = time

    def generated(self, credential: domain.Credential, content: domain.Content, version: int) -> port.Event:
        message = pb.CredentialGenerated(
            user_id=credential.user_id,
            credential_id=credential.id,
            analysis_id=credential.analysis_id,
            trust_score=content.analysis.trust_score,
            tier=content.tier,
        )
        return self._event(message, credential.id, version)

    def stopped(self, credential: domain.Credential, cause: domain.Cause, version: int) -> port.Event:
        message = pb.CredentialRevoked(user_id=credential.user_id, credential_id=credential.id, cause=cause.value)
        return self._event(message, credential.id, version)

    def link_created(self, link: domain.ShareLink, version: int) -> port.Event:
        message = pb.ShareLinkCreated(
            user_id=link.user_id, credential_id=link.credential_id, link_id=link.id, max_usage=link.max_usage
        )
        return self._event(message, link.id, version)

    def link_revoked(self, link: domain.ShareLink, version: int) -> port.Event:
        message = pb.ShareLinkRevoked(user_id=link.user_id, credential_id=link.credential_id, link_id=link.id)
        return self._event(message, link.id, version)

    def _event(self, message: messages.Message, aggregate_id: str, version: int) -> port.Event:
        return codec.event(
            message,
            aggregate_id=aggregate_id,
            version=version,
            clock_now=self._clock.now(),
            correlation_id=context.correlation_id(),
        )
