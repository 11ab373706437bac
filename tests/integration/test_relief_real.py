"""Depth of recorded heads that turn, and of photographs of them that are turned as asked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from countenance.ceremony.challenge import ChallengePolicy, Move
from countenance.geometry.landmarks import NOSE, Landmarks5, head_pose
from countenance.geometry.planarity import Planarity
from countenance.images.image import Image
from countenance.vision.engine import Engine, open_engine
from countenance.vision.relief import ReliefTracker
from countenance.vision.tracking import Tracker
from tests.harness.performers import Footage, Frame, Photo, read_footage

pytestmark = [pytest.mark.real_data, pytest.mark.timeout(200)]

POLICY = ChallengePolicy()
CLIPS = ("Apfol_real.webm", "tranvanluyt2203_real.mp4", "jomariya23156_real.mp4")
LEFT = Move.TURN_LEFT.value


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return open_engine(tmp_path_factory.mktemp("relief"))


@pytest.fixture(scope="module", params=CLIPS)
def footage(request: pytest.FixtureRequest, engine: Engine, shared_data: Path) -> Footage:
    return read_footage(shared_data / "liveness/clips" / request.param, engine.detector)


def followed(engine: Engine, frames: list[Frame], *, claim_deg: float | None) -> Planarity | None:
    """What is measured on the last frame, from the first one on.

    Args: claim_deg: the yaw that the five points of the last frame tell; None leaves them alone.
    """
    tracker, relief, seen = Tracker(engine.detector), ReliefTracker(), None
    for number, frame in enumerate(frames):
        image = Image(frame)
        found = tracker.follow(image)
        assert found is not None
        landmarks = found.face.landmarks
        if number == 0:
            relief.restart(image, landmarks)
            continue
        is_last = number == len(frames) - 1
        if is_last and claim_deg is not None:
            landmarks = claiming(landmarks, claim_deg)
        seen = relief.follow(image, landmarks)
    return seen


def claiming(landmarks: Landmarks5, yaw_deg: float) -> Landmarks5:
    """The same points, the nose moved along the eyes until they tell that yaw."""
    points = landmarks.points
    along = (points[1] - points[0]) / landmarks.inter_eye_distance_px
    for shift_px in np.arange(-200.0, 200.0):
        moved = points.copy()
        moved[NOSE] += along * np.float32(shift_px)
        pose = head_pose(Landmarks5(moved))
        if pose is not None and pose.yaw_deg >= yaw_deg:
            return Landmarks5(moved)
    raise AssertionError("no place of the nose tells that yaw")


def test_a_recorded_head_is_deep_and_bulges_more_than_a_sheet(
    engine: Engine, footage: Footage
) -> None:
    rest, turn = footage.rest, footage.turns[LEFT]
    way = range(rest, turn + (1 if turn > rest else -1), 1 if turn > rest else -1)
    seen = followed(engine, [footage.frames[index] for index in way], claim_deg=None)
    assert seen is not None
    assert seen.depth >= POLICY.min_depth
    assert seen.bulge >= POLICY.min_bulge
    assert seen.off_sheet_share >= POLICY.min_off_sheet_share
    assert seen.skew <= POLICY.max_skew


@pytest.mark.parametrize(
    ("way", "holes"),
    [
        ("turned", ()),
        ("tilted", ()),
        ("bent", ()),
        ("turned", ("eyes",)),
        ("tilted", ("eyes",)),
        ("bent", ("eyes",)),
    ],
)
def test_a_photograph_that_claims_a_turn_has_no_depth(
    engine: Engine, footage: Footage, way: str, holes: tuple[str, ...]
) -> None:
    photo = Photo(footage, way, holes=holes, reaction_s=0.0)
    frames = [photo.frame(None, at_s=0.0)]
    frames += [photo.frame(LEFT, at_s=0.1 * number) for number in range(1, 7)]
    seen = followed(engine, frames, claim_deg=POLICY.turn_deg + 5)
    assert seen is not None
    if way == "bent":
        assert seen.bulge < POLICY.min_bulge
    else:
        assert seen.depth < POLICY.min_depth


@pytest.mark.parametrize("holes", [(), ("eyes",)])
# Of these two, rolled photographs were seen to reach the yaw by themselves.
@pytest.mark.parametrize("footage", [CLIPS[0], CLIPS[1]], indirect=True)
def test_a_sheet_explains_most_of_a_rolled_photograph_that_claims_a_turn(
    engine: Engine, footage: Footage, holes: tuple[str, ...]
) -> None:
    photo = Photo(footage, "rolled", holes=holes, reaction_s=0.0)
    frames = [photo.frame(None, at_s=0.0)]
    frames += [photo.frame(LEFT, at_s=0.1 * number) for number in range(1, 7)]
    seen = followed(engine, frames, claim_deg=POLICY.turn_deg + 5)
    assert seen is not None
    assert seen.depth >= POLICY.min_depth
    assert seen.off_sheet_share < POLICY.min_off_sheet_share


def test_a_photograph_bent_about_a_leaning_line_makes_the_sides_of_the_face_unlike(
    engine: Engine, footage: Footage
) -> None:
    photo = Photo(footage, "leaning", angle_deg=56.0, reaction_s=0.0)
    frames = [photo.frame(None, at_s=0.0)]
    frames += [photo.frame(LEFT, at_s=0.1 * number) for number in range(1, 9)]
    seen = followed(engine, frames, claim_deg=POLICY.turn_deg + 5)
    assert seen is not None
    assert seen.skew > POLICY.max_skew
