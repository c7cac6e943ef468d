"""Whatever was raised becomes something that the caller may be told."""

from __future__ import annotations

import grpc

from mesh import errors, logs
from mesh.documents import port as documents
from mesh.rpc.call import Call, Interceptor


class Failures(Interceptor):
    """Logs whole what nobody raised on purpose and answers a neutral sentence in its place."""

    def after(self, call: Call) -> None:
        error = call.error
        if error is None or isinstance(error, errors.ServiceError):
            return
        if isinstance(error, documents.VersionConflict):
            call.error = errors.Conflict()
        elif isinstance(error, TimeoutError) and call.timeout_s is not None:
            call.error = errors.DeadlineExceeded()
        elif isinstance(error, grpc.aio.InternalError):  # the transport could not send: nobody is there any more
            call.error = errors.Unavailable("The caller went away before the answer.")
        else:
            self._log(call, error)
            call.error = errors.Internal()

    def _log(self, call: Call, error: Exception) -> None:
        metadata = {"method": self.policy.name, "requestId": call.request_id, "error": error}
        logs.write("error", self.surroundings.service, call.correlation_id, "call failed", metadata)
