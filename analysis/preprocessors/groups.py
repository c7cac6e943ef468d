"""Sums, medians and gaps within groups of rows, without a loop over the groups."""

from __future__ import annotations

import numpy as np

from analysis.preprocessors.columns import Bools, Floats, Ints


def codes(*keys: Ints) -> tuple[Ints, int]:
    """One small integer for each distinct combination of `keys`, in the order of the combinations; and their count."""
    combined = np.zeros(len(keys[0]), np.int64)
    for key in keys:
        _, compact = np.unique(key, return_inverse=True)
        span = int(compact.max(initial=0)) + 1
        _, combined = np.unique(combined * span + compact, return_inverse=True)
    return combined, int(combined.max(initial=-1)) + 1


def medians(values: Floats, group: Ints, n_groups: int) -> Floats:
    """Median of `values` by group; NaN for a group without any."""
    result = np.full(n_groups, np.nan)
    order = np.lexsort((values, group))
    ordered, counts = values[order], np.bincount(group, minlength=n_groups)
    starts = np.cumsum(counts) - counts
    some = counts > 0
    low = starts[some] + (counts[some] - 1) // 2
    high = starts[some] + counts[some] // 2
    result[some] = (ordered[low] + ordered[high]) / 2
    return result


def shares(flags: Bools, group: Ints, n_groups: int) -> Floats:
    """Share of true flags by group; 0 for an empty group."""
    counts = np.bincount(group, minlength=n_groups)
    return np.bincount(group, weights=flags, minlength=n_groups) / np.maximum(counts, 1)
