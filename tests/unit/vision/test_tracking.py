from __future__ import annotations

import numpy as np
import pytest

from countenance.images.image import Image
from countenance.vision.interfaces import DetectedFace
from countenance.vision.tracking import Followed, Tracker, TrackingPolicy
from tests.fakes.vision import ScriptedDetector, face_at

FRAME = Image(np.zeros((480, 640, 3), np.uint8))


class Scene:
    """A tracker over scripted frames."""

    def __init__(self) -> None:
        self.detector = ScriptedDetector(frame=FRAME)
        self.tracker = Tracker(self.detector)

    def show(self, *faces: DetectedFace) -> Followed | None:
        self.detector.present = faces
        return self.tracker.follow(FRAME)

    def track(self, *faces: DetectedFace) -> int:
        followed = self.show(*faces)
        assert followed is not None
        return followed.track_id


def test_a_face_that_moves_a_little_each_frame_keeps_its_track() -> None:
    scene = Scene()
    tracks = {scene.track(face_at(100 + 15 * step, 150 + 5 * step)) for step in range(20)}
    assert len(tracks) == 1


def test_the_followed_face_is_given_in_pixels_of_the_whole_frame() -> None:
    scene = Scene()
    for step in range(5):
        face = face_at(200 + 3 * step, 120)
        followed = scene.show(face)
        assert followed is not None
        assert followed.face.box.x0 == pytest.approx(face.box.x0)
        np.testing.assert_allclose(followed.face.landmarks.points, face.landmarks.points, atol=1e-3)


@pytest.mark.parametrize(
    "after",
    [
        face_at(430, 150),  # jumps across the frame
        face_at(180, 120, width=260),  # grows by more than a head can
        face_at(230, 180, width=60),
    ],
)
def test_a_jump_is_another_track(after: DetectedFace) -> None:
    scene = Scene()
    before = [scene.track(face_at(200, 150)) for _ in range(4)]
    assert scene.track(after) not in before


def test_a_face_lost_for_one_frame_comes_back_as_another_track() -> None:
    scene = Scene()
    first = scene.track(face_at(200, 150))
    assert scene.show() is None
    assert scene.track(face_at(200, 150)) != first


def test_a_second_face_is_noticed_within_three_frames_wherever_it_enters() -> None:
    for enters_after in range(1, 6):
        scene = Scene()
        for _ in range(enters_after):
            scene.show(face_at(80, 150))
        seen = [scene.show(face_at(80, 150), face_at(480, 100, width=90)) for _ in range(3)]
        assert max(followed.face_count for followed in seen if followed) == 2


def test_two_faces_are_counted_in_every_frame_until_one_leaves() -> None:
    scene = Scene()
    pair = face_at(80, 150), face_at(400, 150, width=110)
    assert [scene.show(*pair).face_count for _ in range(7)] == [2] * 7  # type: ignore[union-attr]
    assert scene.show(pair[0]).face_count == 1  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "bystander",
    [
        face_at(500, 50, width=40),  # far behind
        face_at(500, 50, width=100, score=0.71),  # a curtain that looks like one
    ],
)
def test_a_bystander_far_behind_is_not_counted(bystander: DetectedFace) -> None:
    followed = Scene().show(face_at(80, 150), bystander)
    assert followed is not None
    assert followed.face_count == 1


def test_the_largest_face_is_the_presented_one_and_changes_the_track() -> None:
    scene = Scene()
    first = scene.track(face_at(80, 150))
    tracks = [scene.track(face_at(80, 150), face_at(350, 100, width=200)) for _ in range(3)]
    assert tracks[-1] != first


def test_every_third_frame_is_searched_whole_and_every_face_looked_at_closely() -> None:
    scene, policy = Scene(), TrackingPolicy()
    for _ in range(9):
        scene.show(face_at(200, 150))
    whole = [side for side in scene.detector.searches if side == policy.search_side_px]
    near = [side for side in scene.detector.searches if side == policy.follow_side_px]
    assert (len(whole), len(near)) == (3, 9)


def test_an_empty_room_is_searched_finely_and_yields_nothing() -> None:
    scene, policy = Scene(), TrackingPolicy()
    assert scene.show() is None
    assert scene.detector.searches == [policy.search_side_px, policy.fine_side_px]
