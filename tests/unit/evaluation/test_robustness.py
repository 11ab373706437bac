"""Probes under conditions become rows of counts; what cannot be told is None."""

import csv
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from countenance.biometrics.embeddings import Embedding
from countenance.biometrics.templates import template_of
from countenance.evaluation.degradations import CLEAN, Condition
from countenance.evaluation.errors import PairsError, ReportError
from countenance.evaluation.matching_pairs import PairList, read_pairs
from countenance.evaluation.robustness import (
    Level,
    Row,
    Tally,
    first_images,
    levels_of,
    measure_conditions,
    probes_of,
    references_of,
)
from countenance.evaluation.robustness_report import CHART, TABLE, write_report
from countenance.evaluation.samples import Sample
from countenance.evaluation.turned import Clip, clip_of, measure_clips
from countenance.geometry.landmarks import HeadPose, Landmarks5
from countenance.images.image import Image
from countenance.vision.backends.null import NullPadModel
from countenance.vision.engine import Engine
from countenance.vision.interfaces import DetectedFace
from countenance.vision.observer import Thresholds
from tests.fakes.vision import PACK, embedding_of, face_at


class BrightDetector:
    """Finds a frontal face in the middle of everything that is not black."""

    def detect(self, image: Image, *, max_side_px: int | None = None) -> tuple[DetectedFace, ...]:
        if image.pixels.max() < 20:
            return ()
        width = 0.4 * image.width_px
        return (face_at(0.3 * image.width_px, 0.25 * image.height_px, width=width),)


@dataclass
class ColourEmbedder:
    """Takes the strongest of the three channels for the person."""

    @property
    def pack(self) -> str:
        return PACK

    def embed(self, image: Image, *, landmarks: Landmarks5) -> Embedding:
        return embedding_of(int(image.pixels.mean(axis=(0, 1)).argmax()))


ENGINE = Engine(BrightDetector(), ColourEmbedder(), NullPadModel(), Thresholds(0.5, 0.3))


def turned_to(channel: int) -> Condition:
    def change(image: Image, _points: Landmarks5) -> Image:
        return Image(np.roll(image.pixels, channel, axis=2))

    return Condition("other", str(channel), change)


DARK = Condition("dark", "", lambda image, _points: Image(np.zeros_like(image.pixels)))
SAME = Condition(CLEAN, "", lambda image, _points: image)


@pytest.fixture
def pairs(tmp_path: Path) -> PairList:
    """Three people of two photographs; coarse noise, so that a login would judge them."""
    rng = np.random.default_rng(3)
    rows = []
    for channel, name in enumerate(("blue", "green", "red")):
        (tmp_path / name).mkdir()
        for number in (1, 2):
            coarse = rng.integers(20, 150, (50, 50, 3), np.uint8)
            pixels = coarse.repeat(6, axis=0).repeat(8, axis=1)
            pixels[:, :, channel] += 100
            cv2.imwrite(str(tmp_path / name / f"{number}.png"), pixels)
        rows.append(f"{name}/1.png,{name}/2.png,1")
    rows.append("blue/1.png,red/2.png,0")
    (tmp_path / "pairs.csv").write_text("\n".join(["a,b,same", *rows]), encoding="utf-8")
    return read_pairs(tmp_path / "pairs.csv", root=tmp_path, everyone=True)


def rows_of(pairs: PairList, *conditions: Condition) -> dict[str, Row]:
    references = references_of(ENGINE, pairs, first_images(pairs))
    rows = measure_conditions(
        ENGINE, probes_of(pairs), references=references, conditions=conditions
    )
    return {f"{row.what.condition} {row.what.level}".strip(): row for row in rows}


def test_each_probe_meets_its_own_and_everybody_else(pairs: PairList) -> None:
    clean = rows_of(pairs, SAME)[CLEAN]
    assert (clean.probes, clean.no_face, clean.refused) == (3, 0, 0)
    assert clean.fnmr is not None
    assert (clean.fnmr.errors, clean.fnmr.total) == (0, 3)
    assert clean.fmr is not None
    assert (clean.fmr.errors, clean.fmr.total) == (0, 6)
    assert clean.fnmr_accepted == clean.fnmr


def test_a_probe_that_looks_like_another_is_counted_twice(pairs: PairList) -> None:
    """It misses its own reference, and one of the two strangers matches."""
    other = rows_of(pairs, SAME, turned_to(1))["other 1"]
    assert other.fnmr is not None
    assert (other.fnmr.errors, other.fnmr.total) == (3, 3)
    assert other.fmr is not None
    assert (other.fmr.errors, other.fmr.total) == (3, 6)
    assert other.what.is_synthetic


def test_a_probe_without_a_face_is_in_no_rate(pairs: PairList) -> None:
    dark = rows_of(pairs, SAME, DARK)["dark"]
    assert (dark.probes, dark.no_face) == (3, 3)
    assert dark.fnmr is None
    assert dark.fmr is None
    told = dark.as_json()
    assert told["fnmr"] is None
    assert told["fnmr_interval"] is None


def test_poses_are_told_of_clean_probes_alone_and_are_real(pairs: PairList) -> None:
    rows = rows_of(pairs, SAME, turned_to(1))
    level = rows["yaw, as photographed 0-10 degrees"]
    assert level.probes == 3
    assert not level.what.is_synthetic
    assert rows["yaw, as photographed 35-90 degrees"].probes == 0


def test_a_flat_face_is_one_that_a_login_would_not_judge(tmp_path: Path, pairs: PairList) -> None:
    flat = Condition(
        "flat", "", lambda image, _points: Image(np.full_like(image.pixels, (180, 90, 90)))
    )
    row = rows_of(pairs, SAME, flat)["flat"]
    assert (row.refused, row.no_face) == (3, 0)
    assert row.fnmr is not None
    assert row.fnmr.total == 3
    assert row.fnmr_accepted is None


def test_a_list_without_a_mated_pair_has_no_probes(tmp_path: Path, pairs: PairList) -> None:
    alone = replace(pairs, pairs=pairs.pairs[-1:])
    with pytest.raises(PairsError, match="no mated pair"):
        probes_of(alone)


@pytest.mark.parametrize(
    ("yaw", "pitch", "expected"),
    [(0, 9.9, ("0-10", "0-10")), (-10, 20, ("10-20", "20-35")), (35, -80, ("35-90", "35-90"))],
)
def test_a_pose_belongs_to_one_bin_of_yaw_and_one_of_pitch(
    yaw: float, pitch: float, expected: tuple[str, str]
) -> None:
    levels = levels_of(HeadPose(yaw, pitch, 0.0), "here")
    assert [level.level.removesuffix(" degrees") for level in levels] == list(expected)
    assert [level.condition for level in levels] == ["yaw, here", "pitch, here"]
    assert levels_of(None, "here") == []


def probe(person: int, *, yaw: float) -> Sample:
    pose = HeadPose(yaw, 0.0, 0.0)
    return Sample(embedding_of(person), face_at(10, 10), pose, 0.5, is_refused=abs(yaw) > 35)


def test_turned_frames_meet_their_own_clip_and_the_others() -> None:
    clips = [
        Clip(template_of([embedding_of(1)]), (probe(1, yaw=5), None, probe(2, yaw=40))),
        Clip(template_of([embedding_of(2)]), (probe(2, yaw=15),)),
    ]
    rows = {
        (row.what.condition, row.what.level): row for row in measure_clips(clips, threshold=0.5)
    }
    level = rows["yaw, in clips", "0-10 degrees"]
    assert level.fnmr is not None
    assert level.fnmr.errors == 0
    far = rows["yaw, in clips", "35-90 degrees"]
    # Turned away, the first person looks like the second: missed, and falsely matched.
    assert far.fnmr is not None
    assert far.fnmr.errors == 1
    assert far.fmr is not None
    assert far.fmr.errors == 1
    assert (far.refused, far.fnmr_accepted) == (1, None)
    assert rows["pitch, in clips", "0-10 degrees"].probes == 3
    everything = rows["frames of clips", "all"]
    assert (everything.probes, everything.no_face, everything.refused) == (4, 1, 1)


def test_a_clip_is_enrolled_with_frames_spread_over_it_and_probed_with_the_rest() -> None:
    rng = np.random.default_rng(1)
    frames = [Image(rng.integers(40, 200, (300, 400, 3), np.uint8)) for _ in range(25)]
    clip = clip_of(ENGINE, frames)
    assert clip is not None
    assert len(clip.template.samples) == 10
    assert len(clip.probes) == 15
    assert clip_of(ENGINE, [Image(np.zeros((300, 400, 3), np.uint8))]) is None


def some_rows() -> list[Row]:
    full, empty = Tally(), Tally()
    scores = np.array([0.9, 0.1], np.float32)
    full.take(probe(1, yaw=0), mated=scores, non_mated=scores, at=0.5)
    return [
        full.row(Level("dim", "1/8 light", is_synthetic=True)),
        empty.row(Level("yaw", "", is_synthetic=False)),
    ]


def test_the_report_holds_every_row_and_a_chart(tmp_path: Path) -> None:
    files = write_report(some_rows(), tmp_path / "new", threshold=0.42)
    assert [path.name for path in files] == [TABLE, CHART]
    with files[0].open(encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    assert [row["condition"] for row in table] == ["dim", "yaw"]
    assert table[0]["fnmr"] == "0.5"
    assert table[1]["fnmr"] == ""
    chart = files[1].read_text(encoding="utf-8")
    assert chart.startswith("<?xml")
    assert "dim, 1/8 light" in chart


def test_a_report_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ReportError, match="cannot be written"):
        write_report(some_rows(), tmp_path / "file", threshold=0.42)
