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
    _same_pack(a.pack, b.pack)
    return float(a.values @ b.values)


def similarity_to_template(probe: Embedding, *, template: Template) -> float:
    """Similarity of a probe to a template: to the mean direction of its samples.

    Shortened for templates of several samples (`Template.reference`), so that one threshold
    keeps its false match rate however many samples an enrolment has.

    Raises: PackMismatchError: probe and template come from different packs.
    """
    _same_pack(probe.pack, template.pack)
    return float(template.reference() @ probe.values)


def similarity_of_templates(a: Template, b: Template) -> float:
    """Similarity of two enrolments, shortened for both: do they show one person?

    Raises: PackMismatchError: they come from different packs.
    """
    _same_pack(a.pack, b.pack)
    return float(a.reference() @ b.reference())


def _same_pack(a: str, b: str) -> None:
    if a != b:
        raise PackMismatchError(f"{a} does not compare with {b}")
