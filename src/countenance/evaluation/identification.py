"""Open-set identification on labelled pictures (ISO/IEC 19795-1): is the promised FPIR kept?

People are split in halves again and again. One half gives the tail of the non-mated similarities,
as a model card holds it; the other is searched at the thresholds that follow from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from countenance.biometrics.embeddings import Embedding
from countenance.biometrics.open_set import (
    MIN_EXCEEDANCES,
    TAIL_SHARE,
    NonMatedTail,
    fit_tail,
    identification_threshold,
)
from countenance.biometrics.templates import MAX_SAMPLES, template_of
from countenance.errors import ConfigurationError

Similarities = NDArray[np.float64]
FPIRS: Final = (0.1, 0.03, 0.01, 0.003, 0.001)
"""Targets that are held against the counts."""


@dataclass(frozen=True, slots=True, eq=False)
class Comparisons:
    """Every picture against everybody's template."""

    person: NDArray[np.intp]
    """(n,) whom each picture shows."""
    to_people: Similarities
    """(n, p) similarity to the template of each person's pictures; mated for the own one."""
    to_self: Similarities
    """(n,) similarity to the template of the person's other pictures; nan when there is none."""

    @property
    def people(self) -> int:
        """How many."""
        return int(self.to_people.shape[1])

    def non_mated(self, people: NDArray[np.intp]) -> Similarities:
        """(m,) comparisons among these people, mated ones left out."""
        of_them = np.isin(self.person, people)
        within = self.to_people[np.ix_(of_them, people)]
        return np.asarray(within[self.person[of_them][:, None] != people[None]])


def compare(samples: Sequence[Sequence[Embedding]]) -> Comparisons:
    """Compare all pictures with the templates of all people.

    Args:
        samples: for each person the embeddings of one or more pictures; templates take the
            first `MAX_SAMPLES`.
    """
    person = np.repeat(np.arange(len(samples)), [len(own) for own in samples])
    probes = np.stack([e.values for own in samples for e in own]).astype(np.float64)
    references = np.stack([template_of(list(own[:MAX_SAMPLES])).reference() for own in samples])
    to_self = [similarity for own in samples for similarity in _to_others(own)]
    return Comparisons(person, probes @ references.T.astype(np.float64), np.array(to_self))


def _to_others(own: Sequence[Embedding]) -> Iterator[float]:
    for number, probe in enumerate(own):
        others = [*own[:number], *own[number + 1 :]][:MAX_SAMPLES]
        yield float(template_of(others).reference() @ probe.values) if others else float("nan")


@dataclass(frozen=True, slots=True)
class Promise:
    """One size of gallery and one target, counted on people who were not fitted to."""

    enrolled: int
    fpir_target: float
    threshold: float
    """Mean over the splits."""
    fpir: float
    """False positive identification rate, mean over the splits, 0..1."""
    fpir_interval: tuple[float, float]
    """Middle 95 % of the splits, which overlap."""
    fnir: float | None
    """False negative identification rate at rank 1, mean over the splits, 0..1; None where a split
    has nobody with two pictures in its gallery."""
    fnir_interval: tuple[float, float] | None
    non_mated_searches: int
    """Of one split."""
    mated_searches: int
    """Of one split, mean."""

    def as_json(self) -> dict[str, object]:
        """One entry of `promises` in `evaluate identification --json`."""
        return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(self).items()}


def tail_of(comparisons: Comparisons, people: NDArray[np.intp] | None = None) -> NonMatedTail:
    """The tail that a model card holds.

    Args:
        comparisons: of all people.
        people: fit to these alone; None takes everybody.

    Raises: ConfigurationError: too few comparisons.
    """
    chosen = np.arange(comparisons.people) if people is None else people
    try:
        return fit_tail(comparisons.non_mated(chosen))
    except ValueError:
        needed = int(MIN_EXCEEDANCES / TAIL_SHARE)
        raise ConfigurationError(
            f"A tail needs {needed:,} comparisons of different people.",
            remedy="Give pictures of more people; 900 people with two pictures each will do.",
        ) from None


def check_promises(
    comparisons: Comparisons,
    *,
    sizes: Sequence[int],
    verification: float,
    splits: int,
    seed: int = 0,
) -> list[Promise]:
    """Hold FPIR and FNIR of galleries of some sizes against their targets.

    Args:
        comparisons: of all people.
        sizes: people of a gallery; those above half of the people are left out.
        verification: threshold of 1:1, below which none of 1:N goes.
        splits: how often people are split anew.
        seed: of the splits.

    Raises: ConfigurationError: too few people.
    """
    rng, half = np.random.default_rng(seed), comparisons.people // 2
    counted: dict[tuple[int, float], list[_Counted]] = {}
    for _ in range(splits):
        order = rng.permutation(comparisons.people)
        tail = tail_of(comparisons, order[:half])
        for size in (size for size in sizes if size <= half):
            search = _search(comparisons, gallery=order[half : half + size], people=order[half:])
            for fpir in FPIRS:
                threshold = identification_threshold(
                    tail, enrolled=size, fpir=fpir, verification=verification
                )
                counted.setdefault((size, fpir), []).append(search.at(threshold))
    return [_promise(*key, found) for key, found in counted.items()]


@dataclass(frozen=True, slots=True)
class _Counted:
    threshold: float
    fpir: float
    fnir: float
    non_mated: int
    mated: int


@dataclass(frozen=True, slots=True, eq=False)
class _Search:
    """All pictures of some people searched in one gallery."""

    best_other: Similarities
    """(n,) highest similarity to somebody else in the gallery."""
    own: Similarities
    """(n,) similarity to the own template; nan unless enrolled with another picture."""

    def at(self, threshold: float) -> _Counted:
        mated = ~np.isnan(self.own)
        hit = (self.own >= threshold) & (self.own >= self.best_other)
        return _Counted(
            threshold=threshold,
            fpir=float(np.mean(self.best_other >= threshold)),
            fnir=float(1 - np.mean(hit[mated])) if mated.any() else float("nan"),
            non_mated=self.best_other.size,
            mated=int(mated.sum()),
        )


def _search(
    comparisons: Comparisons, *, gallery: NDArray[np.intp], people: NDArray[np.intp]
) -> _Search:
    """Each picture is searched without its own person, and for it where that is enrolled."""
    of_them = np.isin(comparisons.person, people)
    person = comparisons.person[of_them]
    within = comparisons.to_people[np.ix_(of_them, gallery)]
    others = np.where(person[:, None] == gallery[None], -1.0, within)
    own = np.where(np.isin(person, gallery), comparisons.to_self[of_them], np.nan)
    return _Search(others.max(axis=1), own)


def _promise(enrolled: int, fpir: float, found: list[_Counted]) -> Promise:
    fpirs, fnirs = np.array([c.fpir for c in found]), np.array([c.fnir for c in found])
    is_told = not np.isnan(fnirs).any()
    return Promise(
        enrolled=enrolled,
        fpir_target=fpir,
        threshold=float(np.mean([c.threshold for c in found])),
        fpir=float(fpirs.mean()),
        fpir_interval=_middle(fpirs),
        fnir=float(fnirs.mean()) if is_told else None,
        fnir_interval=_middle(fnirs) if is_told else None,
        non_mated_searches=found[0].non_mated,
        mated_searches=round(float(np.mean([c.mated for c in found]))),
    )


def _middle(values: Similarities) -> tuple[float, float]:
    """Between what values 95 % of the splits lie; not a confidence interval, for splits overlap."""
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)
