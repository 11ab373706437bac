from __future__ import annotations

import numpy as np
import pytest

from countenance.biometrics.comparison import PackMismatchError
from countenance.biometrics.templates import Template, template_of
from countenance.ceremony.evidence import FaceEvidence, Hint
from countenance.images.image import Image
from countenance.vision.backends.null import NullDetector, NullEmbedder, NullPadModel
from countenance.vision.errors import ModelMissingError
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
