"""What knowing the camera is worth: thresholds moved by bona fide frames of the same source.

Some bona fide frames of each source stand for its enrolment and move the threshold; they are then
in no rate. The rest of the source, judged at the moved threshold, is compared with the very same
presentations at the one threshold for all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

import numpy as np
from numpy.typing import NDArray

from countenance.datasets.errors import DatasetError
from countenance.datasets.scores import ScoredPresentation
from countenance.evaluation.protocols import ScoreSets, grouped, score_sets
from countenance.pad.calibration import ShiftBounds, log_odds, score_of, threshold_shift
from countenance.pad.rates import auc, equal_error_rate, operating_point
from countenance.pad.shift_bounds import measured_bounds
from countenance.pad.species import PaiSpecies

DRAWS: Final = 20
"""Times that the frames of the enrolment are drawn anew."""
_SEED: Final = 7

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CalibratedErrors:
    """Rates at one threshold for all, or at one for each source; means over the draws."""

    eer: float
    auc: float
    bpcer: float
    apcer_all: float
    apcer: Mapping[PaiSpecies, float]


@dataclass(frozen=True, slots=True)
class CalibrationTrial:
    """The same presentations judged with and without knowing their camera."""

    frames: int
    """Bona fide ones that moved each threshold."""
    draws: int
    sources: int
    """That have enough bona fide frames; the others are in neither figure."""
    sources_left_out: int
    n_bona_fide: int
    """Judged in each draw."""
    n_attack: int
    uncalibrated: CalibratedErrors
    calibrated: CalibratedErrors
    calibrated_within_bounds: CalibratedErrors
    """As logins do it: no threshold moves past `bounds`."""
    bounds: ShiftBounds
    """Of a detector with these scores; see `pad.shift_bounds`."""
    shifts: tuple[float, float, float]
    """Least, median and largest, log-odds."""


def calibration_trial(
    scored: Sequence[ScoredPresentation],
    *,
    frames: int,
    threshold: float,
    draws: int = DRAWS,
) -> CalibrationTrial:
    """Move the threshold of every source that has enough bona fide frames, and judge the rest.

    What a detector gives cameras that it does not know is told by these sources, the median of
    their medians as on a card. It is one number for all, so no source gains by it on another.

    Args:
        scored: single pictures; the detector should not have been trained with them.
        frames: bona fide ones for each source, at least `pad.calibration.LEAST_FRAMES`.
        threshold: for all, 0..1.
        draws: of the frames that move it.

    Raises: DatasetError: fewer than two sources have enough frames, or none of those an attack.
    """
    every = {
        source: _logits(score_sets(entries))
        for source, entries in grouped(scored, lambda e: e.presentation.source).items()
    }
    known = [sets for sets in every.values() if sets.bona_fide.size > frames]
    _refuse_too_few(known, frames)
    expected = median(float(np.median(sets.bona_fide)) for sets in known)
    rng, at = np.random.default_rng(_SEED), log_odds(threshold)
    bounds = _bounds(list(every.values()), threshold)
    before, after, bounded, shifts = [], [], [], []
    for _ in range(draws):
        rest, moves = _enrolled(known, expected, at, frames, rng)
        shifts += moves
        before.append(_errors(rest, at))
        after.append(_errors(_all_moved(rest, moves), at))
        bounded.append(_errors(_all_moved(rest, map(bounds.within, moves)), at))
    return CalibrationTrial(
        frames=frames,
        draws=draws,
        sources=len(known),
        sources_left_out=len(every) - len(known),
        n_bona_fide=sum(sets.bona_fide.size - frames for sets in known),
        n_attack=sum(sets.all_attacks.size for sets in known),
        uncalibrated=_mean(before),
        calibrated=_mean(after),
        calibrated_within_bounds=_mean(bounded),
        bounds=bounds,
        shifts=(min(shifts), median(shifts), max(shifts)),
    )


def _refuse_too_few(known: Sequence[ScoreSets], frames: int) -> None:
    if len(known) < 2 or not any(sets.all_attacks.size for sets in known):
        raise DatasetError(
            f"Fewer than two sources have more than {frames} bona fide presentations, or none of "
            "those has an attack.",
            remedy="Give more bona fide pictures of each source, or calibrate with fewer.",
        )


def _enrolled(
    known: Sequence[ScoreSets],
    expected: float,
    threshold: float,
    frames: int,
    rng: np.random.Generator,
) -> tuple[list[ScoreSets], list[float]]:
    """What is left of each source to be judged, and how far its frames move the threshold."""
    rest, moves = [], []
    for sets in known:
        order = rng.permutation(sets.bona_fide)
        chosen = order[:frames].tolist()
        moves.append(threshold_shift(chosen, expected=expected, threshold=threshold))
        rest.append(ScoreSets(order[frames:], sets.attacks, {}))
    return rest, moves


def as_values(trial: CalibrationTrial) -> dict[str, object]:
    """Plain values under stable names."""
    least, middle, largest = (round(shift, 3) for shift in trial.shifts)
    return {
        "frames": trial.frames,
        "draws": trial.draws,
        "sources": trial.sources,
        "sources_left_out": trial.sources_left_out,
        "n_bona_fide": trial.n_bona_fide,
        "n_attack": trial.n_attack,
        "uncalibrated": _values(trial.uncalibrated),
        "calibrated": _values(trial.calibrated),
        "calibrated_within_bounds": _values(trial.calibrated_within_bounds),
        "bounds": {"fall": round(trial.bounds.fall, 3), "rise": round(trial.bounds.rise, 3)},
        "shift": {"least": least, "median": middle, "largest": largest},
    }


def _values(errors: CalibratedErrors) -> dict[str, object]:
    return {
        "eer": round(errors.eer, 4),
        "auc": round(errors.auc, 4),
        "bpcer": round(errors.bpcer, 4),
        "apcer_all": round(errors.apcer_all, 4),
        "apcer": {species.value: round(value, 4) for species, value in errors.apcer.items()},
    }


def _logits(sets: ScoreSets) -> ScoreSets:
    return ScoreSets(
        _each(sets.bona_fide),
        {species: _each(scores) for species, scores in sets.attacks.items()},
        sets.unanswered,
    )


def _each(scores: Vector) -> Vector:
    return np.array([log_odds(score) for score in scores.tolist()])


def _bounds(every: Sequence[ScoreSets], threshold: float) -> ShiftBounds:
    species = {one for sets in every for one in sets.attacks}
    return measured_bounds(
        _scores(sets.bona_fide for sets in every),
        {
            one: _scores(sets.attacks[one] for sets in every if one in sets.attacks)
            for one in species
        },
        threshold=threshold,
    )


def _scores(logits: Iterable[Vector]) -> Vector:
    return np.array([score_of(value) for value in np.concatenate(list(logits)).tolist()])


def _all_moved(parts: Sequence[ScoreSets], moves: Iterable[float]) -> list[ScoreSets]:
    return [_moved(sets, move) for sets, move in zip(parts, moves, strict=True)]


def _moved(sets: ScoreSets, shift: float) -> ScoreSets:
    """A threshold moved up is the same as scores moved down."""
    attacks = {species: scores - shift for species, scores in sets.attacks.items()}
    return ScoreSets(sets.bona_fide - shift, attacks, {})


def _errors(parts: Sequence[ScoreSets], threshold: float) -> CalibratedErrors:
    """Over the presentations of all sources together; log-odds throughout."""
    bona_fide = np.concatenate([part.bona_fide for part in parts])
    species = sorted({one for part in parts for one in part.attacks})
    attacks = {
        one: np.concatenate([part.attacks[one] for part in parts if one in part.attacks])
        for one in species
    }
    everything = np.concatenate(list(attacks.values()))
    point = operating_point(bona_fide, attacks, threshold=threshold)
    return CalibratedErrors(
        eer=equal_error_rate(bona_fide, everything)[0],
        auc=auc(bona_fide, everything),
        bpcer=point.bpcer.value,
        apcer_all=float((everything >= threshold).mean()),
        apcer={one: rate.value for one, rate in point.apcer.items()},
    )


def _mean(drawn: Sequence[CalibratedErrors]) -> CalibratedErrors:
    def over(values: Iterable[float]) -> float:
        return float(np.mean(list(values)))

    return CalibratedErrors(
        eer=over(one.eer for one in drawn),
        auc=over(one.auc for one in drawn),
        bpcer=over(one.bpcer for one in drawn),
        apcer_all=over(one.apcer_all for one in drawn),
        apcer={species: over(one.apcer[species] for one in drawn) for species in drawn[0].apcer},
    )
