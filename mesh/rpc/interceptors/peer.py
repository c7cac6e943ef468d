"""Which service is calling, by the certificate that it showed."""

from __future__ import annotations

from mesh import errors, tls
from mesh.rpc.call import Call, Interceptor

_PREFIX = tls.SPIFFE_PREFIX.encode()


class Peer(Interceptor):
    """Reads the peer's SPIFFE id. The transport has already refused certificates of other authorities."""

    def before(self, call: Call) -> None:
        # Never kept by address: a port, or the one name of every Unix socket, is used by others later.
        named = [name for name in call.grpc.peer_identities() or () if name.startswith(b"spiffe://")]
        if len(named) != 1 or not named[0].startswith(_PREFIX):
            raise errors.Unauthenticated("The certificate shown names no service of the mesh.")
        call.peer = named[0][len(_PREFIX) :].decode("ascii", "replace")
