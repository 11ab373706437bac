from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.biometrics.comparison import (
    PackMismatchError,
    similarity,
    similarity_to_template,
)
from countenance.biometrics.embeddings import Embedding, normalised
from countenance.biometrics.templates import MAX_SAMPLES, Template, template_of


def embedding(seed: int, *, pack: str = "test/1") -> Embedding:
    return normalised(np.random.default_rng(seed).normal(size=128), pack=pack)


def axis(index: int) -> Embedding:
    return normalised(np.eye(128)[index], pack="test/1")


def test_similarity_of_known_vectors_is_their_cosine() -> None:
    diagonal = normalised(np.eye(128)[0] + np.eye(128)[1], pack="test/1")
    assert similarity(axis(0), axis(0)) == pytest.approx(1)
    assert similarity(axis(0), axis(1)) == pytest.approx(0)
    assert similarity(axis(0), diagonal) == pytest.approx(0.5**0.5)


def test_packs_do_not_compare() -> None:
    with pytest.raises(PackMismatchError):
        similarity(embedding(1), embedding(1, pack="other/1"))
    with pytest.raises(PackMismatchError):
        similarity_to_template(embedding(1, pack="other/1"), template=template_of([embedding(1)]))


def test_a_probe_is_compared_with_the_mean_direction_of_the_samples() -> None:
    template = template_of([axis(0), axis(1)])
    assert similarity_to_template(axis(0), template=template) == pytest.approx(0.5**0.5)


@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=MAX_SAMPLES))
def test_a_template_survives_its_bytes(seeds: list[int]) -> None:
    template = template_of([embedding(seed) for seed in seeds])
    again = Template.from_bytes(template.to_bytes(), pack="test/1")
    np.testing.assert_array_equal(again.samples, template.samples)


@pytest.mark.parametrize("cut", [0, 3, 7, 8, 100, 519])
def test_truncated_template_bytes_are_refused(cut: int) -> None:
    content = template_of([embedding(1)]).to_bytes()
    with pytest.raises(ValueError, match="template"):
        Template.from_bytes(content[:cut], pack="test/1")


def test_a_template_takes_one_to_ten_samples_of_one_pack() -> None:
    with pytest.raises(ValueError, match="pack"):
        template_of([])
    with pytest.raises(ValueError, match="pack"):
        template_of([embedding(1), embedding(2, pack="other/1")])
    with pytest.raises(ValueError, match="samples"):
        template_of([embedding(seed) for seed in range(MAX_SAMPLES + 1)])


@pytest.mark.parametrize("values", [np.zeros(128), np.full(128, np.nan), np.full(128, np.inf)])
def test_a_vector_without_direction_is_no_embedding(values: np.ndarray) -> None:
    with pytest.raises(ValueError, match="direction"):
        normalised(values, pack="test/1")


def test_neither_embedding_nor_template_prints_its_numbers() -> None:
    assert repr(embedding(1)) == "Embedding(pack='test/1', d=128)"
    assert "array" not in repr(template_of([embedding(1)]))
