from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.biometrics.comparison import (
    PackMismatchError,
    similarity,
    similarity_of_templates,
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
    towards_both = similarity_to_template(axis(0), template=template)
    assert towards_both == pytest.approx(similarity_to_template(axis(1), template=template))
    assert similarity_to_template(template.centre(), template=template) > towards_both
    assert similarity_to_template(axis(2), template=template) == pytest.approx(0)


def test_a_template_is_shortened_by_the_spread_of_its_samples() -> None:
    spread = template_of([axis(0), axis(1)])
    assert spread.coherence == pytest.approx(0.5**0.5)
    expected = 0.5**0.5 * spread.coherence**0.3
    assert similarity_to_template(axis(0), template=spread) == pytest.approx(expected)


@given(st.integers(0, 2**32 - 1), st.integers(1, MAX_SAMPLES))
def test_one_sample_however_often_compares_as_itself(seed: int, count: int) -> None:
    template = template_of([embedding(seed)] * count)
    assert template.coherence == pytest.approx(1)
    direct = similarity(embedding(0), embedding(seed))
    assert similarity_to_template(embedding(0), template=template) == pytest.approx(
        direct, abs=1e-5
    )


def test_two_templates_are_shortened_both() -> None:
    spread, other = template_of([axis(0), axis(1)]), template_of([axis(0), axis(2)])
    expected = 0.5 * (0.5**0.5) ** 0.6
    assert similarity_of_templates(spread, other) == pytest.approx(expected)
    with pytest.raises(PackMismatchError):
        similarity_of_templates(spread, template_of([embedding(1, pack="other/1")]))


def test_samples_that_cancel_have_no_direction_to_compare_with() -> None:
    opposite = normalised(-axis(0).values, pack="test/1")
    with pytest.raises(ValueError, match="direction"):
        template_of([axis(0), opposite]).reference()


def test_strangers_are_nearer_to_a_mean_than_to_a_sample_and_less_so_to_a_reference() -> None:
    """Strangers who share traits, and samples with noise: what one threshold must not reward."""
    rng = np.random.default_rng(7)
    people = rng.normal(size=(150, 128)) + rng.normal(size=(150, 6)) @ rng.normal(size=(6, 128))

    def samples(person: int, count: int) -> list[Embedding]:
        noisy = people[person] + 2 * rng.normal(size=(count, 128))
        return [normalised(row, pack="test/1") for row in noisy]

    probes = np.stack([samples(person, 1)[0].values for person in range(50)])
    enrolled = [template_of(samples(person, 5)) for person in range(50, 150)]

    def highest(rows: list[np.ndarray]) -> float:
        return float(np.quantile(probes @ np.stack(rows).T, 0.999))

    single = highest([template.samples[0] for template in enrolled])
    centre = highest([template.centre().values for template in enrolled])
    reference = highest([template.reference() for template in enrolled])
    assert single < reference < centre


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


def test_a_reference_is_worked_out_once_and_cannot_be_written_to() -> None:
    template = template_of([embedding(1), embedding(2)])
    reference = template.reference()
    assert template.reference() is reference
    with pytest.raises(ValueError, match="read-only"):
        reference[0] = 0
    again = Template(template.samples, template.pack)
    np.testing.assert_array_equal(again.reference(), reference)
