"""The credential service as auth sees it."""

from __future__ import annotations

from mesh import errors


class FakeCredentials:
    """`services.auth.ports.Credentials`: remembers whose credentials were revoked; `down` makes it unreachable."""

    def __init__(self) -> None:
        self.revoked: list[tuple[str, str]] = []
        self.down = False

    async def revoke_all(self, user_id: str, cause: str) -> None:
        if self.down:
            raise errors.Unavailable
        self.revoked.append((user_id, cause))
