"""From held-out logits to scores and a threshold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from countenance.datasets.manifest import Kind, Presentation
from countenance.datasets.scores import ScoredPresentation
from countenance.pad.calibration import ShiftBounds, expected_log_odds, log_odds
from countenance.pad.rates import equal_error_rate
from countenance.pad.shift_bounds import measured_bounds
from countenance.pad.species import PaiSpecies
from countenance.training.errors import TrainingDataError
from countenance.training.logistic import fit_platt

Vector = NDArray[np.float64]


def calibration(presentations: Sequence[Presentation], logits: Vector) -> tuple[float, float]:
    """Return (slope, offset) that calibrate held-out logits with both classes weighing the same.

    Args:
        presentations: pictures no camera took do not count.
        logits: (n,), NaN where there is none.

    Raises: TrainingDataError: one class has no logit.
    """
    chosen = np.isfinite(logits) & np.array([p.is_capture for p in presentations])
    bona_fide = np.array([p.is_bona_fide for p in presentations])[chosen]
    if bona_fide.all() or not bona_fide.any():
        raise TrainingDataError(
            "Too few presentations could be judged to calibrate the detector.",
            remedy="Check that the images show faces and that both classes come from cameras.",
        )
    share = bona_fide.mean()
    weights = np.where(bona_fide, 0.5 / share, 0.5 / (1 - share))
    return fit_platt(logits[chosen], bona_fide, weights)


def scored(
    presentations: Sequence[Presentation], logits: Vector, *, kind: Kind | None
) -> tuple[ScoredPresentation, ...]:
    """Scores 0..1 of the presentations of a kind; where `kind` is None, of all with a logit."""
    return tuple(
        ScoredPresentation(p, _sigmoid(float(value)) if np.isfinite(value) else None)
        for p, value in zip(presentations, logits, strict=True)
        if (p.kind is kind if kind else np.isfinite(value))
    )


def eer_threshold(entries: Sequence[ScoredPresentation]) -> float:
    """The middle of the gap below the score at which APCER and BPCER meet."""
    values: dict[bool, list[float]] = {True: [], False: []}
    for entry in entries:
        if entry.bona_fide_score is not None and entry.presentation.is_capture:
            values[entry.presentation.is_bona_fide].append(entry.bona_fide_score)
    bona_fide, attacks = np.array(values[True]), np.array(values[False])
    _, at = equal_error_rate(bona_fide, attacks)
    below = [v for v in (*values[True], *values[False]) if v < at]
    middle = (at + max(below)) / 2 if below else at
    return float(np.clip(middle, 1e-6, 1 - 1e-6))


def shift_bounds(entries: Sequence[ScoredPresentation], *, threshold: float) -> ShiftBounds:
    """How far known cameras may move the threshold, as `pad.shift_bounds.measured_bounds`."""
    bona_fide: list[float] = []
    attacks: dict[PaiSpecies, list[float]] = defaultdict(list)
    for entry in entries:
        shown, score = entry.presentation, entry.bona_fide_score
        if score is not None and shown.is_capture:
            place = (
                bona_fide if shown.is_bona_fide else attacks[shown.species or PaiSpecies.UNKNOWN]
            )
            place.append(score)
    return measured_bounds(
        np.array(bona_fide),
        {species: np.array(scores) for species, scores in attacks.items()},
        threshold=threshold,
    )


def bona_fide_centre(entries: Sequence[ScoredPresentation]) -> float | None:
    """What the bona fide captures of a source get, as `pad.calibration.expected_log_odds`."""
    by_source: dict[str, list[float]] = defaultdict(list)
    for entry in entries:
        shown = entry.presentation
        if shown.is_bona_fide and shown.is_capture and entry.bona_fide_score is not None:
            by_source[shown.source].append(log_odds(entry.bona_fide_score))
    found = expected_log_odds(by_source.values())
    return None if found is None else round(found, 4)


def _sigmoid(logit: float) -> float:
    return float(1 / (1 + np.exp(-np.clip(logit, -60, 60))))
