"""What several samples buy, on real photographs of people of whom there are four."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from countenance.biometrics.comparison import similarity_to_template
from countenance.biometrics.embeddings import Embedding
from countenance.biometrics.templates import Template, template_of
from countenance.images.codec import read_image
from countenance.vision.backends.null import NullPadModel
from countenance.vision.engine import Engine, open_recognition

PEOPLE = 30


@pytest.mark.real_data
def test_a_template_of_three_samples_never_does_worse_than_its_samples(
    shared_data: Path, tmp_path: Path
) -> None:
    detector, embedder, thresholds = open_recognition(tmp_path)
    engine = Engine(detector, embedder, NullPadModel(), thresholds)
    folders = sorted((shared_data / "verification" / "lfw").iterdir())
    people = [four for folder in folders if len(four := sorted(folder.glob("*.jpg"))[:4]) == 4]
    chosen = people[:: len(people) // PEOPLE][:PEOPLE]
    faces = [[_embedded(engine, path) for path in four] for four in chosen]
    threshold = engine.thresholds.match_similarity
    singles = [[template_of([sample]) for sample in four[:3]] for four in faces]
    fused = [template_of(four[:3]) for four in faces]
    probes = [four[3] for four in faces]

    def reached(templates: list[Template]) -> np.ndarray:
        return np.array(
            [[similarity_to_template(probe, template=t) for probe in probes] for t in templates]
        )

    own = np.eye(len(faces), dtype=bool)
    alone = np.stack([reached([three[at] for three in singles]) for at in range(3)])
    together = reached(fused)
    missed_alone = (alone[:, own] < threshold).sum() / 3
    assert (together[own] < threshold).sum() <= missed_alone
    assert together[own].mean() > alone[:, own].mean()
    assert (together[~own] >= threshold).sum() <= (alone[:, ~own] >= threshold).sum(axis=1).max()


def _embedded(engine: Engine, path: Path) -> Embedding:
    embedding = engine.analyse_still(read_image(path)).embedding
    assert embedding is not None
    return embedding
