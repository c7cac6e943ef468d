"""How long a key management service that says nothing is waited for."""

from __future__ import annotations

import gateway.settings
from mesh.vault import kms

# What the library pauses before its one repetition, at most.
_BACKOFF_S = 2.0


def test_a_silent_key_service_is_given_up_while_the_caller_still_listens() -> None:
    longest_s = kms._ATTEMPTS * max(kms._READ_TIMEOUT_S, kms._CONNECT_TIMEOUT_S) + _BACKOFF_S
    assert longest_s < gateway.settings.Settings.load({}).request_timeout_s
