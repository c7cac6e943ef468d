"""Converters by type: made once, recursive, and never handed out half made."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor

from gateway.transcoding import compiling
from tests.support.transcoding_cases_suite import Suite

Started = tuple[Callable[[Any], Any], Callable[[], None]]


def test_recursive_type_gets_its_own_converter(garden: Suite) -> None:
    plant = garden.descriptor("garden.v1.Plant")
    inner: list[Any] = []

    def start(descriptor: Descriptor) -> Started:
        return lambda value: value, lambda: inner.append(compiled.get(descriptor))

    compiled = compiling.Compiled(start)
    assert inner == []
    assert compiled.get(plant) is inner[0]
    assert compiled.get(plant) is compiled.get(plant)
    assert len(inner) == 1


def test_other_threads_wait_until_a_converter_is_filled_in(garden: Suite) -> None:
    plant = garden.descriptor("garden.v1.Plant")
    filled = threading.Event()
    seen: list[bool] = []
    other = threading.Thread(target=lambda: seen.append(bool(compiled.get(plant)) and filled.is_set()))

    def fill() -> None:
        other.start()
        # the other thread is stopped at the lock (or not there yet); it cannot end before this one is done
        assert not seen
        filled.set()

    compiled = compiling.Compiled(lambda _: (lambda value: value, fill))
    compiled.get(plant)
    other.join(timeout=10)
    assert seen == [True]


def test_failed_start_keeps_nothing(garden: Suite) -> None:
    plant, pot = garden.descriptor("garden.v1.Plant"), garden.descriptor("garden.v1.Pot")
    fails = [True]

    def fill(descriptor: Descriptor) -> None:
        if descriptor is plant:
            compiled.get(pot)
            if fails.pop():
                raise LookupError

    def start(descriptor: Descriptor) -> Started:
        made.append(descriptor.name)
        return lambda value: value, lambda: fill(descriptor)

    made: list[str] = []
    compiled = compiling.Compiled(start)
    with pytest.raises(LookupError):
        compiled.get(plant)
    fails.append(False)
    compiled.get(plant)
    assert made == ["Plant", "Pot", "Plant", "Pot"]
