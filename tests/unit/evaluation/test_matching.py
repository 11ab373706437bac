"""Pairs of files become rates; what cannot be compared is counted."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from countenance.biometrics.embeddings import normalised
from countenance.ceremony.evidence import Hint
from countenance.evaluation.errors import PairsError
from countenance.evaluation.matching import MatchingReport, measure
from countenance.evaluation.matching_comparisons import compare
from countenance.evaluation.matching_json import as_json
from countenance.evaluation.matching_pairs import read_pairs
from countenance.evaluation.matching_samples import acquire
from countenance.images.codec import encode_jpeg
from countenance.images.errors import ImageUnreadableError
from countenance.images.image import Image
from countenance.vision.engine import StillAnalysis
from tests.fakes.vision import face_at

KEYS = {
    "n_mated", "n_non_mated", "failures_to_acquire", "threshold", "fmr", "fnmr", "eer", "auc",
    "accuracy_10_fold", "fnmr_at_fmr",
}  # fmt: skip
WIDTH_PX = 16


def write_image(path: Path, angle_deg: int | None) -> None:
    """An image whose height tells the angle of its embedding; one pixel high shows no face."""
    path.parent.mkdir(parents=True, exist_ok=True)
    height = 1 if angle_deg is None else angle_deg + 2
    path.write_bytes(encode_jpeg(Image(np.full((height, WIDTH_PX, 3), 90, np.uint8))))


def analyse(image: Image) -> StillAnalysis:
    if image.height_px == 1:
        return StillAnalysis(0, Hint.NO_FACE)
    angle = np.radians(image.height_px - 2)
    embedding = normalised(np.array([np.cos(angle), np.sin(angle)]), pack="test/1")
    return StillAnalysis(1, Hint.HOLD_STILL, face_at(0, 0), embedding, image.height_px / 200)


def report_of(
    folder: Path, rows: Sequence[str], *, header: str = "a,b,same", everyone: bool = False
) -> tuple[MatchingReport, dict[str, object]]:
    """Rows name images as `person/angle`; `person/none` shows no face."""
    for row in rows:
        for image in row.split(",")[:2]:
            angle = image.rpartition("/")[2]
            write_image(folder / image, int(angle) if angle.isdecimal() else None)
    (folder / "pairs.csv").write_text("\n".join([header, *rows]) + "\n")
    pairs = read_pairs(folder / "pairs.csv", root=folder, everyone=everyone)
    acquired = acquire(pairs.paths(), analyse=analyse, on_failure=lambda _path, _why: None)
    compared = compare(pairs, acquired, threshold=0.5, everyone=everyone)
    report = measure(pairs, acquired, compared, threshold=0.5, everyone=everyone, replicates=30)
    return report, as_json(report, pairs, acquired)


ROWS = [
    "p/0,p/10,1",
    "p/0,p/80,1",  # cosine 0.17: not matched
    "p/0,q/90,0",
    "r/5,s/30,0",  # cosine 0.91: a false match
    "p/0,t/180,0",
    "p/0,p/none,1",
    "u/none,q/90,0",
]


def test_rates_are_the_counted_shares(tmp_path: Path) -> None:
    report, values = report_of(tmp_path, ROWS)
    assert (report.n_mated, report.n_non_mated) == (2, 3)
    assert values["fmr"] == pytest.approx(1 / 3)
    assert values["fnmr"] == pytest.approx(1 / 2)
    assert values.keys() >= KEYS
    assert values["accuracy_10_fold"] is None
    # Three non-mated comparisons cannot tell a rate of one in a hundred.
    assert values["fnmr_at_fmr"] == {"1e-2": None, "1e-3": None, "1e-4": None, "1e-5": None}


def test_an_attempt_without_a_sample_is_a_refusal_in_the_generalised_rates(tmp_path: Path) -> None:
    report, values = report_of(tmp_path, ROWS)
    assert values["failures_to_acquire"] == 2
    assert values["failure_to_acquire_rate"] == pytest.approx(2 / 9)
    assert values["comparisons_left_out"] == 2
    assert (report.gfrr.errors, report.gfrr.total) == (2, 3)
    assert (report.gfar.errors, report.gfar.total) == (1, 4)
    assert values["failed_images"] == [
        {"image": "p/none", "why": "No face was found."},
        {"image": "u/none", "why": "No face was found."},
    ]


def test_intervals_are_told_beside_the_rates(tmp_path: Path) -> None:
    _, values = report_of(tmp_path, ROWS)
    intervals = values["intervals"]
    assert isinstance(intervals, dict)
    # As of 1 error in 3 by binom.test of R.
    assert intervals["fmr"]["exact"] == pytest.approx([0.0084, 0.9057], abs=1e-4)
    assert set(intervals["eer"]) == {"bootstrap"}


def test_draws_that_all_agree_give_no_interval(tmp_path: Path) -> None:
    rows = [f"{name}/0,{name}/10,1" for name in "pqrs"] + ["p/0,t/90,0", "q/0,u/100,0"]
    report, _ = report_of(tmp_path, rows, everyone=True)
    assert (report.fnmr.counted.value, report.fnmr.bootstrap) == (0.0, None)
    assert report.fnmr.counted.high > 0.5


def test_everyone_is_compared_with_everyone_of_the_other_people(tmp_path: Path) -> None:
    rows = ["p/0,p/10,1", "p/10,p/20,1", "q/90,q/100,1", "q/90,r/170,0"]
    report, values = report_of(tmp_path, rows, everyone=True)
    # 3 images of p, 2 of q, 1 of r: 3*2 + 3*1 + 2*1.
    assert (report.n_mated, report.n_non_mated) == (3, 11)
    assert report.comparisons_left_out == 0
    assert values["all_non_mated"] is True
    assert values["people_from"] == "folders"


def test_a_list_of_mated_pairs_alone_is_enough_for_everyone(tmp_path: Path) -> None:
    report, values = report_of(tmp_path, ["p/0,p/10,1", "q/90,q/100,1"], everyone=True)
    assert (report.n_mated, report.n_non_mated) == (2, 4)
    # There is no row to be right about.
    assert values["accuracy_best"] is None
    assert values["threshold_best"] is None


def test_an_image_without_a_face_leaves_out_all_its_comparisons(tmp_path: Path) -> None:
    rows = ["p/0,p/10,1", "q/90,q/none,1", "p/0,r/170,0"]
    report, _ = report_of(tmp_path, rows, everyone=True)
    # 2 of p, 1 of q, 1 of r: 2 + 2 + 1; q's other image would have met p twice and r once.
    assert report.n_non_mated == 5
    assert report.comparisons_left_out == 1 + 3
    assert report.gfar.total == 8


def test_accuracy_over_folds_chooses_the_threshold_elsewhere(tmp_path: Path) -> None:
    rows = [
        f"{name}{fold}/0,{name}{fold}/{10 + fold},1,{fold}" for fold in range(10) for name in "pq"
    ] + [f"p{fold}/0,q{fold}/90,0,{fold}" for fold in range(10)]
    _, values = report_of(tmp_path, rows, header="a,b,same,fold")
    assert values["accuracy_10_fold"] == 1.0
    assert values["n_folds"] == 10


def test_folds_that_cannot_choose_are_refused(tmp_path: Path) -> None:
    rows = ["p/0,p/10,1,a", "p/0,q/90,0,b"]
    with pytest.raises(PairsError, match="column fold"):
        report_of(tmp_path, rows, header="a,b,same,fold")


def test_discarding_poor_samples_is_told_at_the_shipped_threshold(tmp_path: Path) -> None:
    # Quality grows with the angle here: the mated pair of the lowest quality is a non-match.
    rows = ["p/0,p/80,1", *(f"q/{n},q/{n + 5},1" for n in range(90, 108, 2)), "p/0,q/98,0"]
    _, values = report_of(tmp_path, rows)
    discard = values["fnmr_at_discard"]
    assert isinstance(discard, dict)
    assert discard["0"] == pytest.approx(0.1)
    assert discard["0.1"] == 0.0


@pytest.mark.parametrize("same", [0, 1])
def test_one_kind_of_pair_alone_is_refused(tmp_path: Path, same: int) -> None:
    other = "p/5" if same else "q/5"
    with pytest.raises(PairsError, match="No mated or no non-mated"):
        report_of(tmp_path, [f"p/0,{other},{same}"])


def test_images_without_any_face_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PairsError, match="No mated or no non-mated"):
        report_of(tmp_path, ["p/none,p/None,1", "p/none,q/none,0"], everyone=True)


def test_an_image_is_looked_at_once_and_a_damaged_one_is_a_failure(tmp_path: Path) -> None:
    write_image(tmp_path / "whole.jpg", 30)
    (tmp_path / "half.jpg").write_bytes((tmp_path / "whole.jpg").read_bytes()[:-40])
    (tmp_path / "text.jpg").write_text("no image")
    told: dict[str, str] = {}
    paths = [tmp_path / name for name in ("whole.jpg", "half.jpg", "text.jpg")]
    acquired = acquire(
        paths, analyse=analyse, on_failure=lambda path, why: told.update({path.name: why})
    )
    assert acquired.is_acquired.tolist() == [True, False, False]
    assert set(told) == {"half.jpg", "text.jpg"}
    # The reason does not repeat the path.
    assert str(tmp_path) not in told["half.jpg"]


def test_a_file_that_cannot_be_opened_stops_the_work(tmp_path: Path) -> None:
    with pytest.raises(ImageUnreadableError):
        acquire([tmp_path / "gone.jpg"], analyse=analyse, on_failure=lambda _path, _why: None)
