"""What the credential service listens to."""

from __future__ import annotations

from credpass.analysis.v1 import analysis_events_pb2
from credpass.auth.v1 import account_events_pb2
from credpass.credential.v1 import credential_events_pb2

from mesh.events import codec, port, worker
from services.credential import domain
from services.credential.usecases import issuing, stopping

_SCORED = "scored"


def generators(issue: issuing.IssueCredential) -> worker.Subscription:
    """An analysis with a score becomes a credential."""

    async def handle(event: port.Event) -> None:
        done = codec.payload(event, analysis_events_pb2.AnalysisCompleted)
        if done.status == _SCORED:
            await issue(done.user_id, done.analysis_id, event.timestamp)

    return worker.Subscription("credential-generators", ("analysis.completed",), handle)


def accounts(revoke_all: stopping.RevokeUserCredentials) -> worker.Subscription:
    """Consent is withdrawn or the account erased: nothing of the user verifies any more."""

    async def handle(event: port.Event) -> None:
        if event.type == "consent.withdrawn":
            withdrawn = codec.payload(event, account_events_pb2.ConsentWithdrawn)
            await revoke_all(withdrawn.user_id, domain.Cause.CONSENT_WITHDRAWN, event.timestamp)
        elif event.type == "account.erased":
            erased = codec.payload(event, account_events_pb2.AccountErased)
            await revoke_all(erased.user_id, domain.Cause.ACCOUNT_ERASED)

    return worker.Subscription("credential-accounts", ("account.events",), handle)


def invalidation(repeat: stopping.RepeatStops) -> worker.Subscription:
    """What stopped is said again to whatever keeps answers; a new score makes the kept one stale."""

    async def handle(event: port.Event) -> None:
        if event.type == "credential.generated":
            generated = codec.payload(event, credential_events_pb2.CredentialGenerated)
            await repeat.score(generated.user_id)
        elif event.type == "credential.revoked":
            revoked = codec.payload(event, credential_events_pb2.CredentialRevoked)
            await repeat.credential(revoked.credential_id)
        elif event.type == "credential.share_link_revoked":
            link = codec.payload(event, credential_events_pb2.ShareLinkRevoked)
            await repeat.link(link.credential_id, link.link_id)

    return worker.Subscription("credential-invalidation", ("credential.generated",), handle)
