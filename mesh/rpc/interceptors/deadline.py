"""Nothing runs for ever, and nothing starts that nobody waits for."""

from __future__ import annotations

import time
from typing import cast

from mesh import errors
from mesh.rpc.call import Call, Handler, Interceptor, Surroundings
from mesh.rpc.policy import MethodPolicy

DEFAULT_S = 30.0
STREAM_DEFAULT_S = 300.0


class Deadline(Interceptor):
    """Refuses what came too late and gives a deadline to calls that came without one."""

    def __init__(self, surroundings: Surroundings, policy: MethodPolicy, handler: Handler) -> None:
        super().__init__(surroundings, policy, handler)
        streaming = policy.client_streaming or policy.server_streaming
        self._default_s = STREAM_DEFAULT_S if streaming else DEFAULT_S
        self._is_told_by_request = policy.client_streaming and policy.server_streaming

    def before(self, call: Call) -> None:
        remaining_s = cast("float | None", call.grpc.time_remaining())
        if remaining_s is None:
            # The transport ends a call at the caller's deadline; without one the server must.
            call.timeout_s = remaining_s = self._default_s
        elif self._is_told_by_request:
            # The transport knows the deadline of the stream only.
            call.timeout_s = remaining_s = min(remaining_s, call.request.timeout_ms / 1000)
        if remaining_s <= 0:
            raise errors.DeadlineExceeded
        call.deadline = time.monotonic() + remaining_s
