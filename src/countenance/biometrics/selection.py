"""Which samples of one person belong together."""

from __future__ import annotations

import numpy as np

from countenance.biometrics.embeddings import Embedding


def largest_consistent(embeddings: list[Embedding], *, threshold: float) -> list[int]:
    """The samples that show the same person as most of the others do.

    The sample that agrees with most others is the anchor, the higher mean similarity breaking a
    tie; all that agree with the anchor are kept.

    Args:
        embeddings: of one pack; supposed to show one person.
        threshold: similarity from which two samples agree.

    Returns: indices, rising; empty for no embedding. Two samples that disagree leave one: a
        majority cannot be told, and the caller decides whether one is enough.
    """
    if not embeddings:
        return []
    rows = np.stack([embedding.values for embedding in embeddings]).astype(np.float64)
    alike = rows @ rows.T
    agrees = alike >= threshold
    np.fill_diagonal(agrees, True)
    anchor = max(range(len(rows)), key=lambda row: (agrees[row].sum(), alike[row].mean()))
    return [int(index) for index in np.flatnonzero(agrees[anchor])]
