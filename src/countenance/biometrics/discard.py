"""Error versus discard: what quality is worth (ISO/IEC 29794-1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class DiscardCurve:
    """The error that is left when the comparisons of lowest quality are not made."""

    discarded: NDArray[np.float64]
    """(n,) share that was discarded, rising from 0."""
    error: NDArray[np.float64]
    """(n,) share of errors among the rest, 0..1."""

    def error_at(self, discarded: float) -> float:
        """The error when at most that share is discarded."""
        return float(self.error[np.searchsorted(self.discarded, discarded + 1e-12) - 1])


def error_versus_discard(
    errors: NDArray[np.bool_], quality: NDArray[np.float64], *, up_to: float = 0.5
) -> DiscardCurve:
    """Discard comparisons from the lowest quality up.

    Args:
        errors: (n,) whether each comparison went wrong at a fixed threshold; at least one.
        quality: (n,) of each, higher is better: the lower of its two samples. Equal ones are
            discarded together.
        up_to: largest share that is discarded.
    """
    order = np.argsort(quality, kind="stable")
    cuts = np.unique(np.searchsorted(quality[order], quality[order], side="left"))
    cuts = cuts[cuts <= up_to * quality.size]
    left = np.cumsum(errors[order][::-1])[::-1]
    return DiscardCurve(cuts / quality.size, left[cuts] / (quality.size - cuts))
