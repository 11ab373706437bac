"""The engine against OpenCV's own YuNet and SFace on the same files."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from countenance.geometry.landmarks import Landmarks5
from countenance.images.crops import align
from countenance.images.image import ColourOrder, Image
from countenance.vision.backends.onnx.session import open_session
from countenance.vision.backends.onnx.sface import SFaceEmbedder
from countenance.vision.backends.onnx.yunet import YuNetDetector
from countenance.vision.cards import shipped_card
from countenance.vision.interfaces import DetectedFace
from countenance.vision.model_store import ModelStore
from tests.fixtures import reference_engine
from tests.fixtures.portraits import Person

VECTORS = Path(__file__).parents[1] / "vectors" / "opencv_zoo.json"
SIZES_PX = [(640, 480), (320, 256), (640, 360), (417, 333), (33, 41), (1280, 720)]
EMBEDDING_TOLERANCE = 1e-4
PIXEL_TOLERANCE = 1e-3


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ModelStore:
    return ModelStore(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def detector(store: ModelStore) -> YuNetDetector:
    # 0.6 is what the reference is asked for.
    return YuNetDetector(open_session(store.prepared(shipped_card("yunet"))), score_threshold=0.6)


@pytest.fixture(scope="module")
def embedder(store: ModelStore) -> SFaceEmbedder:
    card = shipped_card("sface")
    return SFaceEmbedder(open_session(store.prepared(card)), pack=card.pack)


@pytest.fixture(scope="module")
def vectors() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(VECTORS.read_text("utf-8"))["portraits"]
    return loaded


def row_of(face: DetectedFace) -> NDArray[np.float32]:
    box = face.box
    corner = [box.x0, box.y0, box.width_px, box.height_px]
    return np.array([*corner, *face.landmarks.points.ravel(), face.detection_score], np.float32)


def assert_same_faces(found: tuple[DetectedFace, ...], expected: NDArray[np.float32]) -> None:
    assert len(found) == len(expected)
    for face in found:
        row = row_of(face)
        nearest = expected[np.abs(expected - row).sum(axis=1).argmin()]
        np.testing.assert_allclose(row, nearest, atol=PIXEL_TOLERANCE)


def points_of(row: NDArray[np.float32]) -> Landmarks5:
    return Landmarks5(np.ascontiguousarray(row[4:14], np.float32).reshape(5, 2))


@pytest.mark.parametrize("person", Person)
def test_faces_and_embeddings_equal_the_stored_vectors(
    person: Person,
    portraits: dict[Person, NDArray[np.uint8]],
    detector: YuNetDetector,
    embedder: SFaceEmbedder,
    vectors: dict[str, Any],
) -> None:
    picture, expected = portraits[person], vectors[person.value]
    for view in expected["faces"]:
        size = tuple(view["size_px"])
        is_own = size == (picture.shape[1], picture.shape[0])
        sized = picture if is_own else np.asarray(cv2.resize(picture, size), np.uint8)
        assert_same_faces(detector.detect(Image(sized)), np.array(view["rows"], np.float32))
    face = detector.detect(Image(picture))[0]
    embedding = embedder.embed(Image(picture), landmarks=face.landmarks)
    stored = np.array(expected["embedding"], np.float32)
    assert np.abs(embedding.values - stored).max() <= EMBEDDING_TOLERANCE


@pytest.mark.parametrize("size", SIZES_PX)
@pytest.mark.parametrize("person", Person)
def test_faces_equal_opencvs_at_every_frame_size(
    person: Person,
    size: tuple[int, int],
    portraits: dict[Person, NDArray[np.uint8]],
    detector: YuNetDetector,
) -> None:
    sized = np.asarray(cv2.resize(portraits[person], size), np.uint8)
    assert_same_faces(detector.detect(Image(sized)), reference_engine.find_faces(sized))


def test_several_faces_equal_opencvs(
    portraits: dict[Person, NDArray[np.uint8]], detector: YuNetDetector
) -> None:
    both = [cv2.resize(portraits[person], (400, 480)) for person in Person]
    group = np.ascontiguousarray(np.hstack([*both, both[0][:, ::-1]]), np.uint8)
    expected = reference_engine.find_faces(group)
    assert len(expected) == 3
    assert_same_faces(detector.detect(Image(group)), expected)


@pytest.mark.parametrize("person", Person)
def test_colour_order_is_the_images_affair(
    person: Person,
    portraits: dict[Person, NDArray[np.uint8]],
    detector: YuNetDetector,
    embedder: SFaceEmbedder,
) -> None:
    bgr = Image(portraits[person])
    rgb = bgr.to(ColourOrder.RGB)
    face, same = detector.detect(bgr)[0], detector.detect(rgb)[0]
    np.testing.assert_array_equal(row_of(face), row_of(same))
    np.testing.assert_array_equal(
        embedder.embed(bgr, landmarks=face.landmarks).values,
        embedder.embed(rgb, landmarks=face.landmarks).values,
    )


def test_faces_of_a_shrunk_search_lie_where_those_of_the_full_one_do(
    portraits: dict[Person, NDArray[np.uint8]], detector: YuNetDetector
) -> None:
    image = Image(portraits[Person.COLLINS])
    full, small = detector.detect(image)[0], detector.detect(image, max_side_px=320)[0]
    eye_distance_px = full.landmarks.inter_eye_distance_px
    apart_px = np.abs(full.landmarks.points - small.landmarks.points).max()
    assert apart_px < 0.15 * eye_distance_px


@pytest.mark.parametrize("person", Person)
def test_an_aligned_face_has_the_very_embedding_of_opencv(
    person: Person, portraits: dict[Person, NDArray[np.uint8]], embedder: SFaceEmbedder
) -> None:
    picture = portraits[person]
    recogniser = cv2.FaceRecognizerSF.create(
        str(ModelStore(Path("none")).source(shipped_card("sface"))), ""
    )
    aligned = recogniser.alignCrop(picture, reference_engine.find_faces(picture)[0])
    expected = recogniser.feature(aligned).ravel()
    found = embedder.embed_aligned(Image(np.asarray(aligned, np.uint8)))
    assert np.abs(found.values - expected / np.linalg.norm(expected)).max() <= 5e-6


@pytest.mark.parametrize("person", Person)
def test_alignment_equals_opencvs_but_for_rounding(
    person: Person, portraits: dict[Person, NDArray[np.uint8]]
) -> None:
    picture = portraits[person]
    row = reference_engine.find_faces(picture)[0]
    recogniser = cv2.FaceRecognizerSF.create(
        str(ModelStore(Path("none")).source(shipped_card("sface"))), ""
    )
    expected = recogniser.alignCrop(picture, row).astype(int)
    difference = np.abs(align(Image(picture), landmarks=points_of(row)).pixels - expected)
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.001


@pytest.mark.real_data
def test_embeddings_of_real_faces_equal_opencvs(
    shared_data: Path, detector: YuNetDetector, embedder: SFaceEmbedder
) -> None:
    folder = shared_data / "verification"
    with (folder / "pairs.csv").open(encoding="utf-8") as file:
        names = [row["a"] for row in csv.DictReader(file)][::30]
    worst = 0.0
    for name in names:
        picture = np.asarray(cv2.imread(str(folder / name)), np.uint8)
        expected_rows = reference_engine.find_faces(picture)
        assert_same_faces(detector.detect(Image(picture)), expected_rows)
        expected = reference_engine.embed_largest(picture)
        assert expected is not None
        found = embedder.embed(Image(picture), landmarks=points_of(expected_rows[0]))
        worst = max(worst, float(np.abs(found.values - expected).max()))
    assert len(names) == 40
    assert worst <= EMBEDDING_TOLERANCE
