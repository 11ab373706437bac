"""The trainer's own command makes a working detector from acted scenes.

It stands in for real data on machines that have none, and is never shipped.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from countenance.images.image import Image
from countenance.vision.engine import Engine, open_engine
from tests.fixtures.portraits import Person
from tests.fixtures.scenes import Kind, Scene, frame_at


@pytest.fixture(scope="module")
def engine(acted_detector: Path, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return open_engine(tmp_path_factory.mktemp("models"), pad_card=acted_detector)


@pytest.mark.parametrize("person", list(Person))
@pytest.mark.parametrize(
    ("kind", "is_bona_fide"),
    [(Kind.LIVE, True), (Kind.TURNS, True), (Kind.REPLAY, False), (Kind.PRINT, False)],
)
def test_it_judges_scenes_of_rooms_and_cameras_it_has_not_seen(
    engine: Engine, kind: Kind, is_bona_fide: bool, person: Person
) -> None:
    judged = []
    for site in range(4):
        image = Image(frame_at(Scene(kind, person, site=site, seed=site), 1.8))
        face = engine.detector.detect(image)[0]
        judged.append(engine.pad.score(image, face=face.box).is_bona_fide)
    assert np.mean([verdict is is_bona_fide for verdict in judged]) >= 0.75
