"""What can become of work in another process. What a caller is told about it is the service's business."""

from __future__ import annotations


class WorkLost(Exception):
    """The work gave no result; its worker is replaced where that is needed."""


class TimeLimitExceeded(WorkLost):
    """The work took longer than its limit of time, by the clock or of CPU, and was killed."""


class MemoryLimitExceeded(WorkLost):
    """The work asked for more memory than its worker may have."""


class WorkerDied(WorkLost):
    """The worker ended on its own: it crashed, or something outside killed it."""


class WorkFailed(WorkLost):
    """The work raised an exception. Only the name of its class comes back, since the rest may be private."""

    def __init__(self, error_class: str) -> None:
        self.error_class = error_class
        super().__init__(f"the work raised {error_class}")
