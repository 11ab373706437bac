"""What a detector said of a presentation."""

from __future__ import annotations

from dataclasses import dataclass

from countenance.datasets.manifest import Presentation


@dataclass(frozen=True, slots=True)
class ScoredPresentation:
    """A presentation with its score."""

    presentation: Presentation
    bona_fide_score: float | None
    """0..1, higher is surer of a bona fide presentation; None when no face was found."""
