"""What can be wrong with a subject or with something sealed."""

from __future__ import annotations

from mesh import errors


class SubjectUnknown(errors.NotFound):
    """The subject never had a key."""


class SubjectDestroyed(errors.NotFound):
    """The subject's key was destroyed: nothing of it can be read or sealed, ever."""

    kind = errors.Kind.FAILED_PRECONDITION


class SealBroken(errors.Internal):
    """Sealed bytes do not open: changed, cut, moved to another object, or sealed under another key."""
