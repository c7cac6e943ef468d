"""What the trail's own rooms tell each other."""

from __future__ import annotations

from mesh import errors


class TrailBroken(errors.Unavailable):
    """The trail's end is not the one that was sealed: nothing may be added or pruned until an operator has looked.

    A kind that consumers wait for: the events stay on their topics, and health turns red.
    """


class TrailMoved(errors.Conflict):
    """Somebody else wrote to the trail first: what was read of it is out of date."""
