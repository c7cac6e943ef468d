"""How much a server takes on at once."""

from __future__ import annotations

from mesh import errors
from mesh.rpc.call import Call, Interceptor

RETRY_AFTER_S = 1.0


class Limit(Interceptor):
    """Refuses what is more than the server's share: waiting in a line would only make everybody late."""

    def before(self, call: Call) -> None:
        load = self.surroundings.load
        if load.in_flight >= load.maximum:
            raise errors.Overloaded(retry_after_s=RETRY_AFTER_S)
        load.in_flight += 1
        call.taken = True

    def after(self, call: Call) -> None:
        if call.taken:
            call.taken = False
            self.surroundings.load.in_flight -= 1
