"""The trial of calibration judges what moved no threshold, both ways."""

from __future__ import annotations

from pathlib import Path

import pytest

from countenance.datasets.errors import DatasetError
from countenance.datasets.manifest import Kind, Presentation
from countenance.datasets.scores import ScoredPresentation
from countenance.evaluation.pad_calibrated import calibration_trial
from countenance.evaluation.pad_json import as_json
from countenance.evaluation.pad_measurement import Protocol, measure
from countenance.evaluation.pad_page import pad_page
from countenance.pad.calibration import score_of
from countenance.pad.species import PaiSpecies


def camera(source: str, *, centre: float, bona_fide: int = 8) -> list[ScoredPresentation]:
    """Bona fide log-odds about `centre` and as many attacks four below."""

    def one(value: float, species: PaiSpecies | None) -> ScoredPresentation:
        return ScoredPresentation(Presentation(Path("x"), source, "", species), score_of(value))

    spread = [0.1 * (at % 3) for at in range(bona_fide)]
    real = [one(centre + more, None) for more in spread]
    return real + [one(centre - 4 + more, PaiSpecies.PRINT) for more in spread]


DRIFTING = [
    *camera("bright", centre=5.0), *camera("usual", centre=3.0), *camera("plain", centre=3.1),
    *camera("dark", centre=0.9),
]  # fmt: skip
"""Each camera tells both classes apart; the attacks of the first pass where the last is refused."""


def test_cameras_that_differ_in_nothing_but_their_place_are_told_apart_once_known() -> None:
    trial = calibration_trial(DRIFTING, frames=5, threshold=score_of(1.0))
    assert trial.uncalibrated.eer > 0.1
    assert trial.calibrated.eer == 0
    assert trial.calibrated.apcer[PaiSpecies.PRINT] < trial.uncalibrated.apcer[PaiSpecies.PRINT]


def test_frames_that_moved_a_threshold_are_in_no_rate() -> None:
    trial = calibration_trial(DRIFTING, frames=5, threshold=0.5)
    assert (trial.n_bona_fide, trial.n_attack) == (4 * 3, 4 * 8)


def test_sources_with_too_few_bona_fide_presentations_are_in_neither_figure() -> None:
    few = camera("few", centre=9.0, bona_fide=5)
    with_few = calibration_trial([*DRIFTING, *few], frames=5, threshold=0.5)
    assert (with_few.sources, with_few.sources_left_out) == (4, 1)
    assert (
        with_few.uncalibrated.eer
        == calibration_trial(DRIFTING, frames=5, threshold=0.5).uncalibrated.eer
    )


def test_a_single_camera_cannot_be_compared() -> None:
    with pytest.raises(DatasetError, match="Fewer than two sources"):
        calibration_trial(camera("a", centre=3.0), frames=5, threshold=0.5)


def test_the_trial_stands_in_the_answer_and_on_the_page() -> None:
    measured = measure(
        DRIFTING,
        detector="x/1",
        kind=Kind.FULL_FRAME,
        protocol=Protocol.DETECTOR,
        threshold=score_of(1.0),
        calibrate=5,
    )
    told = as_json(measured, root=Path())["calibrated"]
    assert isinstance(told, dict)
    assert told["calibrated"]["eer"] == 0 < told["uncalibrated"]["eer"]
    drawn = dict.fromkeys(("det", "scores", "species", "sources"), "<svg></svg>")
    assert "With known cameras" in pad_page(measured, elements=drawn, root=Path())


def test_nothing_is_said_of_a_trial_that_was_not_asked_for() -> None:
    measured = measure(
        DRIFTING, detector="x/1", kind=Kind.FULL_FRAME, protocol=Protocol.DETECTOR, threshold=0.5
    )
    assert as_json(measured, root=Path())["calibrated"] is None
