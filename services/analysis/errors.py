"""What the analysis service refuses, one class a reason of its `error_reason.proto`, and what defeats it."""

from __future__ import annotations

from mesh import errors

DOMAIN = "credpass.analysis.v1"


class AnalysisNotFound(errors.ServiceError):
    kind = errors.Kind.NOT_FOUND
    domain = DOMAIN
    reason = "ANALYSIS_NOT_FOUND"
    message = "There is no such analysis."


class NothingToAnalyse(errors.ServiceError):
    kind = errors.Kind.FAILED_PRECONDITION
    domain = DOMAIN
    reason = "NOTHING_TO_ANALYSE"
    message = "The user has no accepted upload."


class Unanalysable(errors.InvalidArgument):
    """The statements defeat the engine, and would again: what leads here is dead-lettered. No caller ever sees it."""

    message = "The statements cannot be analysed."
