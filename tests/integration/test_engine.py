"""The whole engine on portraits that come in wheels, and on real frames where they are."""

from __future__ import annotations

import csv
import threading
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from countenance.biometrics.comparison import similarity
from countenance.biometrics.templates import Template, template_of
from countenance.ceremony.evidence import Hint
from countenance.images.codec import read_image
from countenance.images.image import Image
from countenance.vision.backends.null import NullPadModel
from countenance.vision.engine import Engine, open_engine, open_recognition
from tests.fixtures.portraits import Person


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """Recognition alone; presentations are judged elsewhere."""
    detector, embedder, thresholds = open_recognition(tmp_path_factory.mktemp("models"))
    return Engine(detector, embedder, NullPadModel(), thresholds)


def webcam(picture: NDArray[np.uint8], *, shift_px: int = 0, seed: int = 0) -> Image:
    """The upper part of a portrait as a noisy 640x480 frame."""
    scale = 640 / picture.shape[1]
    upper = cv2.resize(picture, None, fx=scale, fy=scale)[:480]
    frame = np.roll(upper, shift_px, axis=1) + np.random.default_rng(seed).normal(0, 3, upper.shape)
    return Image(np.clip(frame, 0, 255).astype(np.uint8))


def template_from(engine: Engine, picture: NDArray[np.uint8]) -> Template:
    embedding = engine.analyse_still(Image(picture)).embedding
    assert embedding is not None
    return template_of([embedding])


@pytest.mark.parametrize("person", Person)
def test_a_capture_matches_its_own_template_and_no_other(
    person: Person, engine: Engine, portraits: dict[Person, NDArray[np.uint8]]
) -> None:
    templates = {other: template_from(engine, portraits[other]) for other in Person}
    for other, template in templates.items():
        observer = engine.observer()
        seen = [
            observer.observe(
                webcam(portraits[person], shift_px=4 * step, seed=step),
                sequence=step,
                at_s=step / 10,
                template=template,
            )
            for step in range(8)
        ]
        assert [observation.face_count for observation in seen] == [1] * 8
        assert len({observation.face.track_id for observation in seen if observation.face}) == 1
        judged = [observation.face for observation in seen if observation.face]
        assert [face.hint for face in judged] == [Hint.HOLD_STILL] * 8
        assert {face.is_match for face in judged} == {other is person}
        assert all(face.is_continuous for face in judged)
        assert not any(face.is_bona_fide for face in judged)  # the stand-in fails closed


def test_two_people_in_one_frame_are_counted(
    engine: Engine, portraits: dict[Person, NDArray[np.uint8]]
) -> None:
    both = np.hstack([cv2.resize(portraits[person], (320, 400)) for person in Person])
    observation = engine.observer().observe(
        Image(np.asarray(both, np.uint8)), sequence=0, at_s=0.0, template=None
    )
    assert observation.face_count == 2


def spoilt(picture: Image, how: Hint) -> Image:
    pixels = picture.pixels.astype(np.float32)
    height, width = pixels.shape[:2]
    if how is Hint.TOO_DARK:
        pixels *= 0.15
    elif how is Hint.BLURRED:
        pixels = cv2.GaussianBlur(pixels, (0, 0), 14)
    elif how is Hint.TOO_SMALL:
        small = cv2.resize(pixels, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
        pixels = np.full_like(pixels, 90)
        pixels[120 : 120 + small.shape[0], 240 : 240 + small.shape[1]] = small
    elif how is Hint.TILTED:
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), 35, 0.8)
        pixels = cv2.warpAffine(pixels, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
    elif how is Hint.NO_FACE:
        pixels[:] = 120
    return Image(np.clip(pixels, 0, 255).astype(np.uint8)[:height, :width])


@pytest.mark.parametrize(
    ("person", "how"),
    [
        *((person, how) for person in Person for how in (Hint.TOO_DARK, Hint.BLURRED)),
        *((person, Hint.TOO_SMALL) for person in Person),
        # The smaller face of Collins is at the edge of what the points can tell.
        (Person.HOPPER, Hint.TILTED),
    ],
)
def test_a_spoilt_capture_is_told_what_to_mend(
    person: Person, how: Hint, engine: Engine, portraits: dict[Person, NDArray[np.uint8]]
) -> None:
    analysis = engine.observer().analyse(
        spoilt(webcam(portraits[person]), how), sequence=0, at_s=0.0, template=None
    )
    assert analysis.observation.face is not None
    assert analysis.observation.face.hint is how
    assert analysis.embedding is None


def test_an_empty_room_has_no_face(
    engine: Engine, portraits: dict[Person, NDArray[np.uint8]]
) -> None:
    frame = spoilt(webcam(portraits[Person.COLLINS]), Hint.NO_FACE)
    observation = engine.observer().observe(frame, sequence=0, at_s=0.0, template=None)
    assert (observation.face_count, observation.face) == (0, None)
    still = engine.analyse_still(frame)
    assert (still.hint, still.embedding) == (Hint.NO_FACE, None)


@pytest.mark.parametrize("person", Person)
def test_a_photograph_is_ready_to_enrol_whatever_its_size(
    person: Person, engine: Engine, portraits: dict[Person, NDArray[np.uint8]]
) -> None:
    large = Image(np.asarray(cv2.resize(portraits[person], None, fx=4, fy=4), np.uint8))
    small = Image(np.asarray(cv2.resize(portraits[person], (192, 208)), np.uint8))
    first, second = engine.analyse_still(large), engine.analyse_still(small)
    assert first.hint is Hint.HOLD_STILL
    assert first.embedding is not None
    assert second.embedding is not None
    assert similarity(first.embedding, second.embedding) > engine.thresholds.match_similarity


def test_captures_in_several_threads_share_one_engine(
    engine: Engine, portraits: dict[Person, NDArray[np.uint8]]
) -> None:
    frame = webcam(portraits[Person.HOPPER])
    found: list[NDArray[np.float32]] = []

    def capture() -> None:
        analysis = engine.observer().analyse(frame, sequence=0, at_s=0.0, template=None)
        if analysis.embedding is not None:
            found.append(analysis.embedding.values)

    threads = [threading.Thread(target=capture) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for values in found[1:]:
        np.testing.assert_array_equal(values, found[0])


def test_the_shipped_engine_opens_and_judges(
    tmp_path: Path, portraits: dict[Person, NDArray[np.uint8]]
) -> None:
    whole = open_engine(tmp_path)
    analysis = whole.observer().analyse(
        webcam(portraits[Person.COLLINS]), sequence=0, at_s=0.0, template=None
    )
    assert analysis.bona_fide is not None
    assert 0 <= analysis.bona_fide.value <= 1
    assert whole.pack == "opencv-zoo/1"


@pytest.mark.real_data
def test_most_frames_of_webcam_users_are_good_samples(shared_data: Path, engine: Engine) -> None:
    with (shared_data / "manifest.csv").open(encoding="utf-8") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if (row["task"], row["kind"], row["label"]) == ("liveness", "full_frame", "real")
        ][::5]
    hints: Counter[Hint] = Counter()
    for row in rows:
        image = read_image(shared_data / row["path"])
        observation = engine.observer().observe(image, sequence=0, at_s=0.0, template=None)
        if observation.face_count <= 1:
            hints[observation.face.hint if observation.face else Hint.NO_FACE] += 1
    assert hints.total() >= 50
    assert hints[Hint.NO_FACE] == 0
    # The rest looks aside: they are asked to turn back.
    assert (hints[Hint.HOLD_STILL] + hints[Hint.TURNED]) / hints.total() >= 0.95
    assert hints[Hint.HOLD_STILL] / hints.total() >= 0.85


@pytest.mark.real_data
@pytest.mark.parametrize(
    "clip", ["adarshk28_real.mp4", "lestari15_real.mp4", "thearvindk_real.mp4"]
)
def test_a_person_before_a_camera_stays_one_continuous_track(
    clip: str, shared_data: Path, engine: Engine
) -> None:
    source = cv2.VideoCapture(str(shared_data / "liveness" / "clips" / clip))
    observer, tracks, good = engine.observer(), set(), 0
    for step in range(40):
        is_read, pixels = source.read()
        assert is_read
        image = Image(np.asarray(pixels, np.uint8))
        observation = observer.observe(image, sequence=step, at_s=step / 30, template=None)
        assert observation.face is not None
        assert observation.face.is_continuous
        tracks.add(observation.face.track_id)
        good += observation.face.has_quality
    source.release()
    assert len(tracks) == 1
    assert good >= 36


@pytest.mark.real_data
@pytest.mark.parametrize("clip", ["tranvanluyt2203_real.mp4", "Krzysiek354_real.mp4"])
def test_a_person_who_turns_away_is_asked_to_face_the_camera(
    clip: str, shared_data: Path, engine: Engine
) -> None:
    """Turned frames carry the hint and are not judged; frames before the turn are good."""
    source = cv2.VideoCapture(str(shared_data / "liveness" / "clips" / clip))
    observer, hints = engine.observer(), Counter[Hint]()
    for step in range(140):
        is_read, pixels = source.read()
        if not is_read:
            break
        if step % 4:
            continue
        image = Image(np.asarray(pixels, np.uint8))
        seen = observer.analyse(image, sequence=step, at_s=step / 30, template=None)
        face = seen.observation.face
        if face is None:
            continue
        hints[face.hint] += 1
        if face.hint is Hint.TURNED:
            assert abs(face.yaw_deg) > 30 or abs(face.pitch_deg) > 30
            assert seen.embedding is None
            assert face.is_bona_fide is None
    source.release()
    assert hints[Hint.TURNED] >= 2
    assert hints[Hint.HOLD_STILL] >= 5
