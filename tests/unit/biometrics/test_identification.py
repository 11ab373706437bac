"""1:N search: the gallery as a value, and equality with brute force."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from countenance.biometrics.comparison import PackMismatchError, similarity_of_templates
from countenance.biometrics.embeddings import Embedding, normalised
from countenance.biometrics.identification import Gallery
from countenance.biometrics.nearest import nearest, rounding_bound
from countenance.biometrics.templates import Template, template_of


def towards(degrees: float, pack: str = "test/1") -> Embedding:
    angle = np.radians(degrees)
    return normalised(np.array([np.cos(angle), np.sin(angle)]), pack=pack)


def template(degrees: float, pack: str = "test/1") -> Template:
    return template_of([towards(degrees, pack)])


def unit_rows(count: int, *, dimension: int = 128, seed: int = 1) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).standard_normal((count, dimension))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def brute_force(
    rows: NDArray[np.float32], probe: NDArray[np.float32], *, floor: float, limit: int
) -> list[int]:
    scores = (rows.astype(np.float64) * probe).sum(axis=1)
    order = np.argsort(-scores, kind="stable")
    return [int(row) for row in order if scores[row] >= floor][:limit]


@pytest.fixture
def gallery() -> Gallery:
    people = {"ada": template(0), "ben": template(30), "cid": template(90)}
    return Gallery.of(people.items(), pack="test/1")


def test_candidates_come_best_first_and_reach_the_threshold(gallery: Gallery) -> None:
    found = gallery.candidates(towards(20), threshold=0.5, limit=5)
    assert [candidate.key for candidate in found] == ["ben", "ada"]
    assert found[0].similarity == pytest.approx(np.cos(np.radians(10)), abs=1e-6)


def test_nobody_reaches_the_threshold(gallery: Gallery) -> None:
    assert gallery.candidates(towards(200), threshold=0.5, limit=5) == []


def test_no_more_candidates_than_asked_for(gallery: Gallery) -> None:
    assert len(gallery.candidates(towards(20), threshold=-1.0, limit=2)) == 2


def test_an_empty_gallery_knows_nobody() -> None:
    empty = Gallery("test/1")
    assert len(empty) == 0
    assert empty.candidates(towards(0), threshold=-1.0, limit=1) == []
    with ThreadPoolExecutor(2) as pool:
        found = empty.candidates_of_each(
            [towards(0)], threshold=-1.0, limit=1, workers=pool, shares=2
        )
    assert found == [[]]
    assert empty.candidates_of_each([], threshold=0.0, limit=1) == []


def test_a_template_takes_the_place_of_an_earlier_one(gallery: Gallery) -> None:
    after = gallery.changed([("ada", template(180))])
    assert after.keys() == ["ada", "ben", "cid"]
    assert after.candidates(towards(180), threshold=0.9, limit=1)[0].key == "ada"
    assert gallery.candidates(towards(0), threshold=0.9, limit=1)[0].key == "ada", "a value"


def test_two_enrolments_compare_as_templates_do(gallery: Gallery) -> None:
    spread = template_of([towards(10), towards(40)])
    found = gallery.changed([("dan", spread)]).look_alikes(spread, threshold=-1.0, limit=1)
    assert found[0].key == "ben"
    expected = similarity_of_templates(spread, template(30))
    assert found[0].similarity == pytest.approx(expected, abs=1e-6)
    with pytest.raises(PackMismatchError):
        gallery.look_alikes(template(0, pack="other/1"), threshold=0.5, limit=1)


def test_a_removed_template_is_in_no_block(gallery: Gallery) -> None:
    after = gallery.changed(removed=["ben", "nobody"])
    assert after.keys() == ["ada", "cid"]
    assert "ben" not in after
    bytes_left = b"".join(block.rows.tobytes() for block in after.blocks)
    assert towards(30).values.tobytes() not in bytes_left
    assert towards(30).values.tobytes() in gallery.blocks[0].rows.tobytes(), "the search finds it"
    assert gallery.changed(removed=gallery.keys()).blocks == ()


def test_a_change_shares_the_blocks_that_it_does_not_touch() -> None:
    people = [(f"p{degrees}", template(degrees)) for degrees in range(7)]
    before = Gallery("test/1", block_rows=3).changed(people)
    assert [len(block.keys) for block in before.blocks] == [3, 3, 1]
    after = before.changed([("new", template(50)), ("p4", template(70))])
    assert after.blocks[0] is before.blocks[0]
    assert [block.keys for block in after.blocks[1:]] == [("p3", "p4", "p5"), ("p6", "new")]


def test_other_packs_do_not_compare(gallery: Gallery) -> None:
    with pytest.raises(PackMismatchError):
        gallery.changed([("dan", template(0, pack="other/1"))])
    with pytest.raises(PackMismatchError):
        gallery.candidates(towards(0, pack="other/1"), threshold=0.5, limit=1)


@given(
    seed=st.integers(0, 2**32 - 1),
    sizes=st.lists(st.integers(0, 40), max_size=4),
    repeats=st.integers(1, 4),
    limit=st.integers(1, 30),
    floor=st.sampled_from([-1.0, 0.0, 0.2, 0.999, 1.5]),
    probes=st.integers(1, 3),
    shares=st.integers(1, 3),
)
def test_the_search_equals_brute_force_ties_included(
    seed: int,
    sizes: list[int],
    repeats: int,
    limit: int,
    floor: float,
    probes: int,
    shares: int,
) -> None:
    """Rows that occur several times tie exactly: the earlier ones come first."""
    rng = np.random.default_rng(seed)
    distinct = unit_rows(max(1, sum(sizes) // repeats), dimension=8, seed=seed)
    rows = distinct[rng.integers(0, len(distinct), sum(sizes))]
    asked = distinct[rng.integers(0, len(distinct), probes)]
    blocks = np.split(rows, np.cumsum(sizes)[:-1]) if sizes else []
    with ThreadPoolExecutor(2) as pool:
        workers = pool if shares > 1 else None
        found = nearest(blocks, asked, floor=floor, limit=limit, workers=workers, shares=shares)
    for matches, probe in zip(found, asked, strict=True):
        assert [m.position for m in matches] == brute_force(rows, probe, floor=floor, limit=limit)


@pytest.mark.parametrize("probes", [1, 3])
def test_rows_closer_than_float32_can_tell_come_in_their_true_order(probes: int) -> None:
    """A thousand copies of one face, each moved by less than a float32 product rounds away."""
    base = unit_rows(1)[0]
    noise = np.random.default_rng(2).standard_normal((1000, 128)) * 3e-8
    rows = (base + noise).astype(np.float32)
    asked = np.stack([base] * probes)
    found = nearest([rows[:300], rows[300:]], asked, floor=0.5, limit=20)
    for matches in found:
        positions = [match.position for match in matches]
        assert positions == brute_force(rows, base, floor=0.5, limit=20)


def test_the_rounding_bound_holds() -> None:
    rows, probe = unit_rows(5000), unit_rows(1, seed=9)[0]
    true = (rows.astype(np.float64) * probe).sum(axis=1)
    assert np.abs(np.vecdot(rows, probe) - true).max() < rounding_bound(128) < 2e-5
    assert np.abs(rows @ probe - true).max() < rounding_bound(128)


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["put", "remove"]), st.integers(0, 12), st.integers(0, 359)),
        max_size=25,
    ),
    block_rows=st.integers(1, 5),
)
def test_any_course_of_changes_leaves_what_a_dict_would_hold(
    steps: list[tuple[str, int, int]], block_rows: int
) -> None:
    gallery, expected = Gallery("test/1", block_rows=block_rows), {}
    for verb, number, degrees in steps:
        key = f"p{number}"
        if verb == "put":
            expected[key] = degrees
            gallery = gallery.changed([(key, template(degrees))])
        else:
            expected.pop(key, None)
            gallery = gallery.changed(removed=[key])
    assert gallery.keys() == list(expected)
    for key, degrees in expected.items():
        assert key in gallery
        best = gallery.candidates(towards(degrees), threshold=0.9999, limit=len(expected))
        assert key in [candidate.key for candidate in best]
