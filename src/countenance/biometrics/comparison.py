"""Comparison of embeddings: cosine similarity, higher is more alike."""

from __future__ import annotations

from countenance.biometrics.embeddings import Embedding
from countenance.biometrics.templates import Template


class PackMismatchError(ValueError):
    """Two model packs make embeddings that do not compare; the face must be enrolled again."""


def similarity(a: Embedding, b: Embedding) -> float:
    """Cosine similarity, -1 (opposite) to 1 (same); higher means more likely mated.

    Raises: PackMismatchError: the embeddings come from different packs.
    """
    if a.pack != b.pack:
        raise PackMismatchError(f"{a.pack} does not compare with {b.pack}")
    return float(a.values @ b.values)


def similarity_to_template(probe: Embedding, *, template: Template) -> float:
    """Similarity of a probe to a template: to the mean direction of its samples.

    Raises: PackMismatchError: probe and template come from different packs.
    """
    return similarity(probe, template.centre())
