"""A process that hosts everything rebuilds errors from one table, so a reason belongs to the area that gives it."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

from mesh import errors, settings


def every(kind: type[errors.ServiceError]) -> Iterator[type[errors.ServiceError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from every(narrower)


def test_no_class_outside_an_area_claims_a_reason_of_it() -> None:
    for name in ("gateway.bootstrap", *(f"services.{service}.bootstrap" for service in settings.SERVICES)):
        importlib.import_module(name)
    ours = [kind for kind in every(errors.ServiceError) if kind.__module__.startswith(("gateway.", "services."))]
    strays = [
        kind
        for kind in ours
        if kind.domain != errors.MESH_DOMAIN
        and not kind.__module__.startswith(f"services.{kind.domain.split('.')[1]}.")
    ]
    assert len(ours) > 20
    assert strays == []
