from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from countenance.biometrics.comparison import PackMismatchError
from countenance.biometrics.templates import Template, template_of
from countenance.ceremony.evidence import FaceEvidence, Hint
from countenance.geometry.landmarks import LEFT_EYE, NOSE, Landmarks5
from countenance.images.image import Image
from countenance.vision.backends.null import NullDetector, NullEmbedder, NullPadModel
from countenance.vision.errors import ModelMissingError
from countenance.vision.interfaces import DetectedFace
from countenance.vision.observer import FrameAnalysis, Observer, Thresholds
from tests.fakes.vision import (
    ScriptedDetector,
    ScriptedEmbedder,
    ScriptedPad,
    embedding_of,
    face_at,
)

THRESHOLDS = Thresholds(match_similarity=0.4, continuity_similarity=0.3)
MINE = template_of([embedding_of(1)])


class Room:
    """An observer over scripted models and a noisy camera."""

    def __init__(self) -> None:
        self.detector, self.embedder, self.pad = (
            ScriptedDetector(),
            ScriptedEmbedder(),
            ScriptedPad(),
        )
        self.observer = Observer(self.detector, self.embedder, self.pad, THRESHOLDS)
        self.frames = 0
        self.detector.present = (face_at(250, 120, width=130),)

    def picture(self, *, brightness: float = 1.0) -> Image:
        noise = np.random.default_rng(self.frames).integers(60, 200, (480, 640, 3))
        return Image((noise * brightness).astype(np.uint8))

    def look(self, image: Image | None = None, template: Template | None = MINE) -> FrameAnalysis:
        self.frames += 1
        image = image or self.picture()
        self.detector.frame = image
        return self.observer.analyse(
            image, sequence=self.frames, at_s=self.frames / 10, template=template
        )


def face_of(analysis: FrameAnalysis) -> FaceEvidence:
    face = analysis.observation.face
    assert face is not None
    return face


def test_a_good_frame_of_the_right_person_is_judged_on_every_count() -> None:
    analysis = Room().look()
    face = face_of(analysis)
    assert (face.hint, face.is_bona_fide, face.is_match, face.is_continuous) == (
        Hint.HOLD_STILL,
        True,
        True,
        True,
    )
    assert analysis.embedding is not None
    assert analysis.bona_fide is not None
    assert 0 < analysis.quality <= 1
    assert (analysis.observation.sequence, analysis.observation.at_s) == (1, 0.1)


def test_the_box_is_told_as_shares_of_the_frame() -> None:
    assert face_of(Room().look()).box_xyxy == pytest.approx(
        (250 / 640, 120 / 480, 380 / 640, 282.5 / 480)
    )


def test_a_moved_threshold_moves_the_verdict_of_a_frame_and_not_its_score() -> None:
    room = Room()
    plain = room.look()
    room.observer.shift_threshold(3.0)
    strict = room.look()
    room.observer.shift_threshold(0.0)
    again = room.look()
    assert [face_of(one).is_bona_fide for one in (plain, strict, again)] == [True, False, True]
    assert plain.log_odds == strict.log_odds == pytest.approx(math.log(9))
    assert plain.bona_fide is not None
    assert strict.bona_fide is not None
    assert plain.bona_fide.value == pytest.approx(strict.bona_fide.value)


def test_what_is_learned_from_is_the_frame_and_not_the_last_ones() -> None:
    room = Room()
    room.look()
    room.pad.value = 0.2
    found = room.look()
    assert found.log_odds == pytest.approx(math.log(0.25))
    assert found.bona_fide is not None
    assert found.bona_fide.value > 0.2


def test_a_frame_that_is_not_judged_teaches_nothing() -> None:
    room = Room()
    assert room.look(room.picture(brightness=0.1)).log_odds is None


def test_another_person_does_not_match_and_an_attack_is_not_bona_fide() -> None:
    room = Room()
    room.embedder.person, room.pad.value = 2, 0.1
    face = face_of(room.look())
    assert (face.is_match, face.is_bona_fide) == (False, False)


def test_without_a_template_nothing_is_compared() -> None:
    assert face_of(Room().look(template=None)).is_match is None


def test_a_template_of_another_pack_is_no_mismatch_but_an_error() -> None:
    other = template_of([embedding_of(1, pack="other/1")])
    with pytest.raises(PackMismatchError):
        Room().look(template=other)


def test_a_poor_frame_is_neither_embedded_nor_judged() -> None:
    room = Room()
    analysis = room.look(room.picture(brightness=0.1))
    face = face_of(analysis)
    assert (face.hint, face.is_match, face.is_bona_fide) == (Hint.TOO_DARK, None, None)
    assert (room.embedder.calls, room.pad.calls) == (0, 0)
    assert analysis.embedding is None


def test_an_empty_room_yields_no_face() -> None:
    room = Room()
    room.detector.present = ()
    observation = room.look().observation
    assert (observation.face, observation.face_count) == (None, 0)


def test_a_repeated_frame_is_told_and_not_looked_at_again() -> None:
    room = Room()
    picture = room.picture()
    room.look(picture)
    searched = len(room.detector.searches)
    again = room.look(picture)
    assert again.observation.is_repeated
    assert face_of(again).is_match is None
    assert face_of(again).is_bona_fide is None
    assert again.embedding is None
    assert (len(room.detector.searches), room.embedder.calls) == (searched, 1)
    assert not room.look().observation.is_repeated


def test_a_face_exchanged_in_place_is_not_continuous_and_told_once() -> None:
    room = Room()
    room.look()
    room.embedder.person = 2
    continuous = [face_of(room.look()).is_continuous for _ in range(3)]
    assert continuous == [False, True, True]


def test_a_new_track_may_be_another_person() -> None:
    room = Room()
    first = face_of(room.look())
    room.detector.present = ()
    room.look()
    room.detector.present, room.embedder.person = (face_at(250, 120, width=130),), 2
    face = face_of(room.look())
    assert face.is_continuous
    assert face.track_id != first.track_id


def test_two_captures_do_not_share_their_memory() -> None:
    room, other = Room(), Room()
    picture = room.picture()
    room.look(picture)
    assert not other.look(picture).observation.is_repeated


def test_stand_ins_see_nothing_and_refuse_every_presentation() -> None:
    observer = Observer(NullDetector(), NullEmbedder(), NullPadModel(), THRESHOLDS)
    image = Room().picture()
    assert observer.observe(image, sequence=0, at_s=0.0, template=MINE).face is None
    face = face_at(0, 0)
    assert not NullPadModel().score(image, face=face.box).is_bona_fide
    with pytest.raises(ModelMissingError):
        NullEmbedder().embed(image, landmarks=face.landmarks)


def test_what_the_crop_gave_is_handed_on_only_to_the_next_frame_of_the_same_face() -> None:
    room = Room()
    room.look()
    assert room.pad.handed_on == [None]
    room.look()
    assert room.pad.handed_on[-1] is room.pad.given[0]
    room.detector.present = ()
    room.look()
    room.detector.present = (face_at(250, 120, width=130),)
    room.look()
    assert room.pad.handed_on[-1] is None
    room.look(room.picture(brightness=0.1))
    room.look()
    assert room.pad.handed_on[-1] is None


def textured(shift_px: int) -> Image:
    """A picture with corners everywhere, moved sideways."""
    noise = np.random.default_rng(5).integers(40, 220, (120, 160), dtype=np.uint8)
    large = cv2.resize(noise, (640, 480), interpolation=cv2.INTER_CUBIC)
    return Image(np.repeat(np.roll(large, shift_px, axis=1)[..., None], 3, axis=2))


def turned(face: DetectedFace) -> DetectedFace:
    """The same face with the nose before its left eye."""
    points = face.landmarks.points.copy()
    points[NOSE, 0] = points[LEFT_EYE, 0]
    return DetectedFace(face.box, Landmarks5(points), face.detection_score)


def test_depth_of_a_turned_face_is_measured_between_begin_and_end_only() -> None:
    room = Room()
    ahead = room.detector.present
    away = tuple(turned(face) for face in ahead)
    assert face_of(room.look(textured(0))).planarity is None
    room.observer.begin_relief()
    assert face_of(room.look(textured(1))).planarity is None
    room.detector.present = away
    seen = face_of(room.look(textured(2))).planarity
    assert seen is not None
    assert seen.rms < 0.02
    room.observer.end_relief()
    assert face_of(room.look(textured(4))).planarity is None


def test_without_a_face_to_begin_with_no_depth_is_measured() -> None:
    room = Room()
    here, room.detector.present = room.detector.present, ()
    room.look(textured(0))
    room.observer.begin_relief()
    room.detector.present = here
    assert face_of(room.look(textured(2))).planarity is None


def test_a_turned_face_is_compared_with_its_track_during_a_challenge_only() -> None:
    room = Room()
    room.look()
    room.detector.present = tuple(turned(face) for face in room.detector.present)
    face = face_of(room.look())
    assert (face.hint, room.embedder.calls) == (Hint.TURNED, 1)
    room.observer.begin_relief()
    face = face_of(room.look())
    assert (face.is_continuous, room.embedder.calls) == (True, 2)
    assert (face.is_match, face.is_bona_fide, room.pad.calls) == (None, None, 1)
    room.embedder.person = 2
    assert not face_of(room.look()).is_continuous


def test_a_turned_face_of_a_track_that_was_never_seen_from_the_front_is_not_continuous() -> None:
    room = Room()
    room.detector.present = tuple(turned(face) for face in room.detector.present)
    room.look()
    room.observer.begin_relief()
    assert not face_of(room.look()).is_continuous


@pytest.mark.parametrize(("in_challenge", "kept"), [(False, True), (True, False)])
def test_nobody_can_grow_into_the_face_of_a_track_during_a_challenge(
    in_challenge: bool, kept: bool
) -> None:
    """One person changes into another over sixty frames."""
    room = Room()
    room.look()
    if in_challenge:
        room.observer.begin_relief()
    seen = []
    for share in np.linspace(0, 1, 60):
        room.embedder.towards = (2, float(share))
        seen.append(face_of(room.look()).is_continuous)
    assert all(seen) is kept


def test_light_is_measured_while_it_is_asked_for_and_the_detector_is_not_asked() -> None:
    room = Room()
    assert face_of(room.look()).light is None
    room.observer.begin_light()
    during = room.look()
    assert face_of(during).light is not None
    assert (face_of(during).is_bona_fide, during.bona_fide) == (None, None)
    assert face_of(during).is_match is True
    room.observer.end_light()
    after = face_of(room.look())
    assert (after.light, after.is_bona_fide) == (None, True)
