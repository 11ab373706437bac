"""Scores of one face over the last frames.

A single frame's score trembles with noise, focus and compression. Near the threshold of an
unfamiliar camera that breaks runs of good frames without telling anything about the presentation;
the mean over half a second does not. The mean is taken of log-odds, so that one sure frame weighs
more than several doubtful ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

WINDOW: Final = 5
"""Frames in the mean; half a second at ten frames a second."""
_LIMIT: Final = 8.0
"""Log-odds beyond this count as this: no frame may outvote more than a few others."""


@dataclass(frozen=True, slots=True)
class ScoreTrail:
    """The last scores of one track."""

    track_id: int
    log_odds: tuple[float, ...]
    """Oldest first; 1 to `WINDOW`."""

    @property
    def bona_fide_score(self) -> float:
        """The smoothed score, 0..1."""
        return 1 / (1 + math.exp(-sum(self.log_odds) / len(self.log_odds)))


def follow(trail: ScoreTrail | None, *, track_id: int, bona_fide_score: float) -> ScoreTrail:
    """Return the trail with the next frame's score.

    Args:
        trail: so far; None begins one, and so does another track.
        track_id: the face that was scored.
        bona_fide_score: of this frame, 0..1.

    >>> trail = follow(None, track_id=1, bona_fide_score=0.9)
    >>> round(follow(trail, track_id=1, bona_fide_score=0.4).bona_fide_score, 2)
    0.71
    """
    score = min(max(bona_fide_score, 1e-9), 1 - 1e-9)
    value = min(max(math.log(score / (1 - score)), -_LIMIT), _LIMIT)
    before = trail.log_odds if trail is not None and trail.track_id == track_id else ()
    return ScoreTrail(track_id, (*before, value)[-WINDOW:])
