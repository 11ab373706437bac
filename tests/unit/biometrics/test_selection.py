import numpy as np

from countenance.biometrics.embeddings import Embedding, normalised
from countenance.biometrics.selection import largest_consistent


def towards(degrees: float) -> Embedding:
    """A unit vector in the plane: similarity is the cosine of the angle between two."""
    angle = np.radians(degrees)
    return normalised(np.array([np.cos(angle), np.sin(angle)]), pack="test/1")


def test_all_samples_of_one_person_are_kept() -> None:
    samples = [towards(0), towards(10), towards(20)]
    assert largest_consistent(samples, threshold=0.5) == [0, 1, 2]


def test_a_stranger_among_the_samples_is_left_out() -> None:
    samples = [towards(0), towards(90), towards(10)]
    assert largest_consistent(samples, threshold=0.5) == [0, 2]


def test_the_larger_group_wins() -> None:
    samples = [towards(0), towards(90), towards(95), towards(100)]
    assert largest_consistent(samples, threshold=0.5) == [1, 2, 3]


def test_two_that_disagree_leave_one() -> None:
    assert len(largest_consistent([towards(0), towards(90)], threshold=0.5)) == 1


def test_nothing_gives_nothing() -> None:
    assert largest_consistent([], threshold=0.5) == []
