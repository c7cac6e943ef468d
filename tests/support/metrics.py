"""What a process counts, as Prometheus reads it."""

from __future__ import annotations

import urllib.request

from prometheus_client import parser

READ_TIMEOUT_S = 30.0


def total(address: str, name: str, **labels: str) -> float:
    """The sum of a sample over all of its labels that are not given; 0.0 where there is none.

    `address`: host:port of a process's plain port.
    """
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=READ_TIMEOUT_S) as answer:
        page = answer.read().decode()
    samples = (sample for family in parser.text_string_to_metric_families(page) for sample in family.samples)
    return sum(each.value for each in samples if each.name == name and labels.items() <= each.labels.items())
