"""What every call passes through, outermost first. The order is fixed here and nowhere else.

Permission comes before validation, so that a stranger learns nothing from error messages; the limit comes after
permission, so that strangers cannot use it up.
"""

from __future__ import annotations

from mesh.rpc.call import Interceptor
from mesh.rpc.interceptors.access import Access
from mesh.rpc.interceptors.audit import Audit
from mesh.rpc.interceptors.deadline import Deadline
from mesh.rpc.interceptors.failures import Failures
from mesh.rpc.interceptors.limit import Limit
from mesh.rpc.interceptors.peer import Peer
from mesh.rpc.interceptors.request_log import RequestLog
from mesh.rpc.interceptors.validation import Validation

ORDER: tuple[type[Interceptor], ...] = (RequestLog, Audit, Failures, Peer, Access, Limit, Validation, Deadline)
