"""Identification (1:N): which enrolled people a probe may be, by exact search."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from countenance.biometrics.comparison import PackMismatchError
from countenance.biometrics.embeddings import Embedding
from countenance.biometrics.templates import Template


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody the probe may be."""

    key: str
    """Under which the template was put into the gallery."""
    similarity: float
    """-1..1; never shown outside this machine."""


class Gallery:
    """Templates of one pack, searched exactly."""

    def __init__(self, templates: Iterable[tuple[str, Template]] = (), *, pack: str) -> None:
        self._pack = pack
        self._centres: dict[str, NDArray[np.float32]] = {}
        for key, template in templates:
            self.put(key, template)

    def __len__(self) -> int:
        return len(self._centres)

    def keys(self) -> list[str]:
        """The keys of all templates, in the order they were put in."""
        return list(self._centres)

    def put(self, key: str, template: Template) -> None:
        """Add a template, or put it in the place of an earlier one of that key.

        Raises: PackMismatchError: it is of another pack than the gallery.
        """
        self._check(template.pack)
        self._centres[key] = template.centre().values

    def candidates(self, probe: Embedding, *, threshold: float, limit: int) -> list[Candidate]:
        """Who the probe may be, best first.

        Args:
            probe: of the gallery's pack.
            threshold: similarity that a candidate reaches at least.
            limit: most candidates that are returned.

        Returns: empty when nobody reaches the threshold.
        Raises: PackMismatchError: the probe is of another pack.
        """
        self._check(probe.pack)
        if not self._centres:
            return []
        reached = np.stack(list(self._centres.values())) @ probe.values
        order = np.argsort(-reached, kind="stable")[:limit]
        keys = list(self._centres)
        return [
            Candidate(keys[row], float(reached[row])) for row in order if reached[row] >= threshold
        ]

    def _check(self, pack: str) -> None:
        if pack != self._pack:
            raise PackMismatchError(f"{pack} does not compare with {self._pack}")
