"""Which pictures are kept from training, so that the figures say something of new ones.

Neighbouring frames of one recording are nearly the same picture; one on each side of the split
would make any recogniser look perfect.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from countenance.training.errors import TrainingDataError
from countenance.training.recogniser_pictures import Picture

Marks = NDArray[np.bool_]


def hold_out(pictures: Sequence[Picture], *, share: float, seed: int) -> Marks:
    """Mark the pictures that are held out of training, for each person alone.

    Whole series are held out where a person has several, drawn by the seed; else the end of the
    only one. An altered copy goes with its original.

    Args:
        pictures: in natural order within a person.
        share: of each person's photographs, at least one.
        seed: decides which series.

    Returns: (n,) bool.
    Raises: TrainingDataError: names the people with a single photograph.
    """
    held: set[str] = set()
    alone: list[str] = []
    for number, (person, own) in enumerate(_by(pictures, "person").items()):
        origins = list(dict.fromkeys(picture.origin for picture in own))
        if len(origins) < 2:
            alone.append(person)
        else:
            rng = np.random.default_rng([seed, number])
            held.update(_chosen(own, origins, share, rng))
    if alone:
        raise TrainingDataError(
            f"There is a single photograph of {_named(alone)}: none is left to check with.",
            remedy="Add photographs taken at another time; altered copies of one do not count.",
        )
    return np.array([picture.origin in held for picture in pictures], np.bool_)


def _chosen(
    own: Sequence[Picture], origins: list[str], share: float, rng: np.random.Generator
) -> list[str]:
    wanted = max(1, round(share * len(origins)))
    series = {
        name: list(dict.fromkeys(picture.origin for picture in members))
        for name, members in _by(own, "series").items()
    }
    if len(series) == 1:
        return origins[-wanted:]
    taken: list[str] = []
    for index in rng.permutation(len(series)):
        members = list(series.values())[index]
        if len(taken) + len(members) <= wanted:
            taken += members
    return taken or min(series.values(), key=len)


def refuse_contradictions(pictures: Sequence[Picture], digests: Sequence[str]) -> None:
    """Raises: TrainingDataError: one file lies in the folders of two people; names it."""
    owner: dict[str, Picture] = {}
    for picture, digest in zip(pictures, digests, strict=True):
        first = owner.setdefault(digest, picture)
        if first.person != picture.person:
            raise TrainingDataError(
                f"{first.path} and {picture.path} are the same file under two names.",
                remedy="Remove it from the folder of the person it does not show.",
            )


def refuse_leak(
    training: Sequence[Picture], validation: Sequence[Picture], digest_of: dict[Picture, str]
) -> None:
    """Raises: TrainingDataError: a file is both trained with and checked with; names it."""
    trained = {digest_of[picture]: picture for picture in training}
    for picture in validation:
        first = trained.get(digest_of[picture])
        if first is not None:
            raise TrainingDataError(
                f"{first.path} and {picture.path} are the same file.",
                remedy="Check with photographs that are not trained with.",
            )


def _by(pictures: Sequence[Picture], name: str) -> dict[str, list[Picture]]:
    groups: dict[str, list[Picture]] = {}
    for picture in pictures:
        groups.setdefault(getattr(picture, name), []).append(picture)
    return groups


def _named(people: list[str]) -> str:
    shown = ", ".join(people[:5])
    return shown if len(people) <= 5 else f"{shown} and {len(people) - 5} more"
