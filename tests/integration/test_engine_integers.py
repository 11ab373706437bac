"""Eight-bit arithmetic beside float32 on the shipped models."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from countenance.biometrics.comparison import similarity
from countenance.images.codec import read_image
from countenance.images.image import Image
from countenance.vision.backends.onnx.integers import in_integers
from countenance.vision.backends.onnx.pad import OnnxPadModel, shipped_pad_card
from countenance.vision.backends.onnx.ranges import ranges_for
from countenance.vision.cards import shipped_card
from countenance.vision.engine import Engine, open_engine
from countenance.vision.model_store import ModelStore
from countenance.vision.pad_card import PadView
from countenance.vision.precision import Precision
from tests.fixtures.portraits import Person


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def exact(models: Path) -> Engine:
    return open_engine(models, precision=Precision.FLOAT32)


@pytest.fixture(scope="module")
def fast(models: Path) -> Engine:
    return open_engine(models, precision=Precision.INT8)


@pytest.mark.parametrize("person", Person)
def test_an_integer_embedding_points_where_the_exact_one_does(
    person: Person, exact: Engine, fast: Engine, portraits: dict[Person, NDArray[np.uint8]]
) -> None:
    image = Image(portraits[person])
    face = exact.detector.detect(image)[0]
    assert fast.frame_embedder is not None
    rounded = fast.frame_embedder.embed(image, landmarks=face.landmarks)
    whole = fast.embedder.embed(image, landmarks=face.landmarks)
    assert rounded.pack == whole.pack
    assert similarity(rounded, whole) > 0.97
    # Photographs are embedded in float32 whatever the precision of frames.
    np.testing.assert_array_equal(
        whole.values, exact.embedder.embed(image, landmarks=face.landmarks).values
    )


def test_an_enrolment_embeds_exactly_and_a_login_in_integers(
    fast: Engine, portraits: dict[Person, NDArray[np.uint8]]
) -> None:
    image = Image(portraits[next(iter(Person))])
    seen = [
        observer.analyse(image, sequence=0, at_s=0.0, template=None)
        for observer in (fast.observer(enrols=True), fast.observer())
    ]
    assert fast.frame_embedder is not None
    for embedder, analysis in zip((fast.embedder, fast.frame_embedder), seen, strict=True):
        assert analysis.face is not None
        assert analysis.embedding is not None
        np.testing.assert_array_equal(
            analysis.embedding.values,
            embedder.embed(image, landmarks=analysis.face.landmarks).values,
        )


@pytest.mark.parametrize("person", Person)
def test_integer_logits_lie_near_those_of_float32(
    person: Person, exact: Engine, fast: Engine, portraits: dict[Person, NDArray[np.uint8]]
) -> None:
    image = Image(portraits[person])
    face = exact.detector.detect(image)[0].box
    assert isinstance(exact.pad, OnnxPadModel)
    assert isinstance(fast.pad, OnnxPadModel)
    precise, rounded = exact.pad.logits(image, face=face), fast.pad.logits(image, face=face)
    for view in PadView:
        assert abs(precise[view] - rounded[view]) < 0.6


def test_the_integer_graphs_are_kept_and_go_with_the_model(models: Path, fast: Engine) -> None:
    assert fast.frame_embedder is not None
    kept = list((models / "prepared").glob("*-int8.onnx"))
    assert len(kept) == 2
    card = shipped_card("sface")
    store = ModelStore(models)
    graph = store.prepared(card)
    before = {path: path.stat().st_mtime_ns for path in kept}
    again = store.in_integers(graph)
    assert again is not None
    assert {path: path.stat().st_mtime_ns for path in kept} == before
    copy = models / card.file
    copy.write_bytes(store.verified(card))
    store.remove(card)
    assert len(list((models / "prepared").glob("*-int8.onnx"))) == 1


def test_a_detector_with_another_backbone_stays_in_float32(tmp_path: Path) -> None:
    content = shipped_pad_card().with_suffix(".onnx").read_bytes()
    assert ranges_for(content, folder=tmp_path) is None
    judged = OnnxPadModel.load(in_integers=lambda _: None)
    assert judged.name == "pad-lite0-linear/4"


def test_the_crop_is_taken_over_once_and_then_looked_at_again(
    fast: Engine, portraits: dict[Person, NDArray[np.uint8]]
) -> None:
    image = Image(portraits[Person.COLLINS])
    face = fast.detector.detect(image)[0].box
    first = fast.pad.score(image, face=face)
    second = fast.pad.score(image, face=face, before=first)
    third = fast.pad.score(image, face=face, before=second)
    assert first.crop_logit is not None
    assert second.crop_logit is None
    assert third == first
    # The surroundings are looked at in every frame.
    dark = Image((image.pixels // 4).astype(np.uint8))
    assert fast.pad.score(dark, face=face, before=first).value != second.value


@pytest.mark.real_data
def test_integers_cost_no_accuracy_that_a_sample_of_pairs_would_show(
    shared_data: Path, exact: Engine, fast: Engine
) -> None:
    folder, similar, rounded = shared_data / "verification", [], []
    with (folder / "pairs.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[::24]
    assert fast.frame_embedder is not None
    for row in rows:
        template = exact.analyse_still(read_image(folder / row["a"]))
        image = read_image(folder / row["b"])
        still = exact.analyse_still(image)
        if template.embedding is None or still.face is None:
            continue
        points = still.face.landmarks
        probe = fast.frame_embedder.embed(image, landmarks=points)
        plain = exact.embedder.embed(image, landmarks=points)
        similar.append(similarity(plain, template.embedding))
        rounded.append(similarity(probe, template.embedding))
    moved = np.abs(np.array(similar) - np.array(rounded))
    assert len(moved) >= 45
    assert moved.mean() < 0.02
    assert moved.max() < 0.06


def test_bringing_a_graph_to_integers_is_deterministic(models: Path) -> None:
    graph = ModelStore(models).prepared(shipped_card("sface"))
    ranges = ranges_for(graph)
    assert ranges is not None
    assert in_integers(graph, ranges=ranges) == in_integers(graph, ranges=ranges)
