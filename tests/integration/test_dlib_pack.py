"""The pack `dlib`: our graph against dlib itself, and the engine with it."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from countenance.biometrics.comparison import PackMismatchError, similarity
from countenance.biometrics.embeddings import Embedding
from countenance.images.image import ColourOrder, Image
from countenance.vision.backends.null import NullPadModel
from countenance.vision.backends.onnx.dlib_embedder import (
    CHIP_SIDE_PX,
    DlibEmbedder,
    cut_chip,
)
from countenance.vision.backends.onnx.dlib_weights import read_layers
from countenance.vision.backends.onnx.session import open_session
from countenance.vision.cards import shipped_card
from countenance.vision.engine import Engine, open_engine, open_recognition
from countenance.vision.errors import ModelInvalidError
from countenance.vision.model_store import ModelStore, Place
from countenance.vision.precision import Precision
from tests.fixtures.portraits import Person

CARD = shipped_card("dlib-resnet")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ModelStore:
    found = ModelStore(tmp_path_factory.mktemp("models"))
    if found.place(CARD) is Place.MISSING:
        pytest.skip("needs dlib's weights: pip install 'countenance[dlib]'")
    return found


@pytest.fixture(scope="module")
def embedder(store: ModelStore) -> DlibEmbedder:
    return DlibEmbedder(open_session(store.prepared(CARD)), pack="dlib/1")


@pytest.fixture(scope="module")
def engine(store: ModelStore, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    models = tmp_path_factory.mktemp("models")
    detector, embedder, thresholds = open_recognition(models, pack="dlib")
    return Engine(detector, embedder, NullPadModel(), thresholds)


@pytest.fixture(scope="module")
def reference(store: ModelStore) -> Any:
    """dlib's own network on the same file."""
    if importlib.util.find_spec("dlib") is None:
        pytest.skip("needs dlib as the reference: pip install dlib-bin")
    import dlib

    return dlib.face_recognition_model_v1(str(store.source(CARD)))


def chips(engine: Engine, portraits: dict[Person, NDArray[np.uint8]]) -> list[Image]:
    faces = [(Image(picture), engine.analyse_still(Image(picture)).face) for picture in
             portraits.values()]  # fmt: skip
    found = [cut_chip(image, landmarks=face.landmarks) for image, face in faces if face]
    noise = np.random.default_rng(1).integers(0, 256, (2, CHIP_SIDE_PX, CHIP_SIDE_PX, 3))
    flat = np.full((CHIP_SIDE_PX, CHIP_SIDE_PX, 3), 255, np.uint8)
    return [*found, *(Image(pixels.astype(np.uint8)) for pixels in noise), Image(flat)]


def test_the_network_says_what_dlib_says(
    engine: Engine,
    embedder: DlibEmbedder,
    reference: Any,
    portraits: dict[Person, NDArray[np.uint8]],
) -> None:
    for chip in chips(engine, portraits):
        rgb = np.ascontiguousarray(chip.to(ColourOrder.RGB).pixels)
        expected = np.array(reference.compute_face_descriptor(rgb))
        np.testing.assert_allclose(embedder.describe(chip), expected, atol=1e-5)


def test_the_colour_order_of_a_chip_does_not_matter(
    engine: Engine, embedder: DlibEmbedder, portraits: dict[Person, NDArray[np.uint8]]
) -> None:
    chip = chips(engine, portraits)[0]
    swapped = chip.to(ColourOrder.RGB)
    np.testing.assert_array_equal(embedder.describe(chip), embedder.describe(swapped))


def embedded(engine: Engine, picture: NDArray[np.uint8]) -> Embedding:
    embedding = engine.analyse_still(Image(picture)).embedding
    assert embedding is not None
    return embedding


@pytest.mark.parametrize("person", Person)
def test_a_face_matches_itself_in_other_sizes_and_nobody_else(
    person: Person, engine: Engine, portraits: dict[Person, NDArray[np.uint8]]
) -> None:
    import cv2

    threshold = engine.thresholds.match_similarity
    own = embedded(engine, portraits[person])
    for factor in (0.5, 0.8, 3.0):  # the last is shrunk before the chip is cut
        scaled = cv2.resize(portraits[person], None, fx=factor, fy=factor)
        assert similarity(own, embedded(engine, np.asarray(scaled, np.uint8))) > threshold
    for other in set(Person) - {person}:
        assert similarity(own, embedded(engine, portraits[other])) < threshold


def test_its_embeddings_do_not_compare_with_those_of_another_pack(
    engine: Engine, portraits: dict[Person, NDArray[np.uint8]], tmp_path: Path
) -> None:
    detector, other, thresholds = open_recognition(tmp_path)
    zoo = Engine(detector, other, NullPadModel(), thresholds)
    picture = portraits[next(iter(Person))]
    assert (engine.pack, zoo.pack) == ("dlib/1", "opencv-zoo/1")
    with pytest.raises(PackMismatchError, match="opencv-zoo/1"):
        similarity(embedded(engine, picture), embedded(zoo, picture))


def test_frames_are_embedded_in_float32_whatever_precision_is_asked_for(
    engine: Engine, portraits: dict[Person, NDArray[np.uint8]], tmp_path: Path
) -> None:
    """In integers its accuracy was not measured."""
    whole = open_engine(tmp_path, pack="dlib", precision=Precision.INT8)
    picture = Image(portraits[Person.COLLINS])
    seen = whole.observer().analyse(picture, sequence=0, at_s=0.0, template=None)
    assert seen.embedding is not None
    assert seen.face is not None
    expected = engine.embedder.embed(picture, landmarks=seen.face.landmarks)
    assert similarity(seen.embedding, expected) > 0.999


@pytest.mark.parametrize("share", [0.001, 0.3, 0.999])
def test_the_real_file_cut_short_is_refused(store: ModelStore, share: float) -> None:
    content = store.verified(CARD)
    with pytest.raises(ModelInvalidError):
        read_layers(content[: int(share * len(content))])
