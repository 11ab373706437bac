"""What a system that names people said of labelled pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """One row for each picture."""

    truth: NDArray[np.int64]
    """(n,) index of the person shown; -1 for people who are nobody of the list."""
    best: NDArray[np.int64]
    """(n,) index of the likeliest person."""
    score: NDArray[np.float64]
    """(n,) of that person, higher is surer."""
    is_named: NDArray[np.bool_]
    """(n,) whether the system gave the name, or answered that it knows nobody."""

    @property
    def given(self) -> NDArray[np.int64]:
        """(n,) index of the person that was named; -1 for nobody."""
        return np.where(self.is_named, self.best, -1)

    @property
    def is_right(self) -> NDArray[np.bool_]:
        """(n,) whether the person was named, or somebody else was not."""
        return np.asarray(self.given == self.truth)
