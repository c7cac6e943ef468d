"""How calls are served and made: mTLS, policy from the contracts, typed errors, deadlines. It builds all servers."""

from __future__ import annotations

import os

# The C core writes lines of its own to standard error, where everything else is JSON. It reads this once, when grpc is
# imported, so it stands here, before any module that does. Set it to INFO or DEBUG to see why a handshake fails.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
