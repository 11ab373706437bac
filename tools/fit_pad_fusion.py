#!/usr/bin/env python3
"""Find how the shipped passive detector and the pack `minifasnet` are mixed, and its worth.

    tools/fit_pad_fusion.py --manifest MANIFEST --models FOLDER --cache FOLDER \
        --photographs FOLDER [--write]

The detector's scores are those of heads that saw nothing of a picture's source, found again with
the recipe of `countenance pad train --teacher minifasnet --photographs FOLDER`; the networks of the
pack were trained on none of the data. The mixture that judges a source is fitted without it too.
That of the pack is then fitted on all. Run it again after a change of the shipped detector;
`--write` puts the result on the card of the pack.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from countenance.datasets.manifest import Kind, Presentation, read_manifest
from countenance.datasets.scores import ScoredPresentation
from countenance.datasets.splits import source_folds
from countenance.evaluation.protocols import score_sets
from countenance.pad.rates import auc, equal_error_rate, operating_point, threshold_at_bpcer
from countenance.training.calibration import bona_fide_centre, eer_threshold, shift_bounds
from countenance.training.donors import photographs_in
from countenance.training.extractors import Lite0Extractor
from countenance.training.features import FeatureTable, extract_table
from countenance.training.fusion import fit_mixture, mixed_scores
from countenance.training.lessons import Teaching, gather_lessons
from countenance.training.pad import check_presentations, train_heads
from countenance.training.pad_turns import by_source
from countenance.training.teaching import open_teacher, taught_log_odds
from countenance.vision.backends.onnx.pad import shipped_pad_card
from countenance.vision.cards import SHIPPED_CARDS
from countenance.vision.engine import open_recognition
from countenance.vision.interfaces import CROP_THRESHOLD
from countenance.vision.pad_card import PadView, read_pad_card
from countenance.vision.pad_fusion import FUSION_PACK, Mixture

FOLDS: Final = 8
SEED: Final = 7
BPCER: Final = 0.05

Vector = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--models", type=Path, required=True, help="folder with the pack's files")
    parser.add_argument("--cache", type=Path, required=True, help="folder of stored features")
    parser.add_argument("--photographs", type=Path, required=True, help="as in `pad train`")
    parser.add_argument("--write", action="store_true", help="put the result on the pack's card")
    asked = parser.parse_args()
    presentations = check_presentations(read_manifest(asked.manifest))
    detector, _, _ = open_recognition(asked.models)
    teacher = open_teacher(asked.models)
    second = taught_log_odds(presentations, teacher=teacher, detector=detector)
    extractor = Lite0Extractor()
    table = extract_table(
        presentations,
        extractor=extractor,
        detector=detector,
        cache=asked.cache,
        seed=SEED,
        photographs=photographs_in(asked.photographs),
    )
    lessons = gather_lessons(
        presentations,
        teacher=teacher,
        extractor=extractor,
        detector=detector,
        cache=asked.cache,
        seed=SEED,
    )
    own = held_out_logits(presentations, table, Teaching(table, second, lessons))
    found = fitted(presentations, own, second)
    print(json.dumps(found, indent=2))
    if asked.write:
        path = SHIPPED_CARDS / "packs" / f"{FUSION_PACK}.json"
        card = json.loads(path.read_text(encoding="utf-8"))
        card["parameters"]["pad_fusion"] = found
        path.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


def held_out_logits(
    presentations: Sequence[Presentation], table: FeatureTable, teaching: Teaching
) -> Vector:
    """(n,) of the shipped detector: fused for frames, the crop's for crops; NaN for none."""
    turns = by_source(presentations, folds=FOLDS)
    trained = train_heads(presentations, table, turns=turns, teaching=teaching)
    if abs(trained.threshold - read_pad_card(shipped_pad_card()).threshold) > 1e-3:
        raise SystemExit("These are not the scores of the shipped detector: other data or recipe.")
    frames = {s.presentation.path: s.bona_fide_score for s in trained.scores["fused"]}
    crops = {
        s.presentation.path: s.bona_fide_score for s in trained.scores[PadView.TIGHT_CROP.value]
    }
    scores = [(frames if p.kind is Kind.FULL_FRAME else crops).get(p.path) for p in presentations]
    clipped = np.clip(np.array([np.nan if s is None else s for s in scores]), 1e-9, 1 - 1e-9)
    return np.asarray(np.log(clipped / (1 - clipped)))


def fitted(presentations: Sequence[Presentation], own: Vector, second: Vector) -> dict[str, Any]:
    """What stands on the card: weights, threshold, figures."""
    card, kinds = read_pad_card(shipped_pad_card()), np.array([p.kind for p in presentations])
    frames = kinds == Kind.FULL_FRAME
    mixture, scored, alone = _mix(presentations, own, second, frames)
    crop_mixture, crop_scored, crop_alone = _mix(presentations, own, second, ~frames)
    threshold = eer_threshold(scored)
    bounds = shift_bounds(scored, threshold=threshold)
    return {
        "detector": f"{card.name}/{card.version}",
        "detector_sha256": card.sha256,
        "full_frame": asdict(mixture),
        "tight_crop": asdict(crop_mixture),
        "threshold": round(threshold, 6),
        "expected_log_odds": bona_fide_centre(scored),
        "shift_bounds": {side: round(by, 3) for side, by in asdict(bounds).items()},
        "figures": {
            **_figures(scored, threshold=threshold),
            "pair_alone": _figures(alone, threshold=None),
            "tight_crop": {
                **_figures(crop_scored, threshold=CROP_THRESHOLD),
                "pair_alone": _figures(crop_alone, threshold=None),
            },
        },
    }


def _mix(
    presentations: Sequence[Presentation], own: Vector, second: Vector, of_kind: NDArray[np.bool_]
) -> tuple[Mixture, list[ScoredPresentation], list[ScoredPresentation]]:
    """The mixture for one kind, its scores of sources that it was not fitted on, and the pair's."""
    fold_of = np.array(source_folds(presentations, folds=FOLDS))
    bona_fide = np.array([p.is_bona_fide for p in presentations])
    is_capture = np.array([p.is_capture for p in presentations])
    usable = of_kind & is_capture & np.isfinite(own) & np.isfinite(second)
    scores = mixed_scores(presentations, own, second, chosen=of_kind, fold_of=fold_of)
    pair = 1 / (1 + np.exp(-second))
    return (
        fit_mixture(own[usable], second[usable], bona_fide[usable]),
        _scored(presentations, scores, of_kind),
        _scored(presentations, pair, of_kind),
    )


def _scored(
    presentations: Sequence[Presentation], scores: Vector, of_kind: NDArray[np.bool_]
) -> list[ScoredPresentation]:
    return [
        ScoredPresentation(presentations[i], float(scores[i]) if np.isfinite(scores[i]) else None)
        for i in np.flatnonzero(of_kind).tolist()
    ]


def _figures(scored: Sequence[ScoredPresentation], *, threshold: float | None) -> dict[str, Any]:
    """Rates over the pictures that count; at the threshold only where there is one."""
    sets = score_sets(scored)
    strict = threshold_at_bpcer(sets.bona_fide, target=BPCER)
    at_bpcer = operating_point(sets.bona_fide, sets.attacks, threshold=strict)
    found: dict[str, Any] = {
        "n_bona_fide": int(sets.bona_fide.size),
        "n_attack": int(sets.all_attacks.size),
        "eer": round(equal_error_rate(sets.bona_fide, sets.all_attacks)[0], 4),
        "auc": round(auc(sets.bona_fide, sets.all_attacks), 4),
    }
    if threshold is not None:
        point = operating_point(sets.bona_fide, sets.attacks, threshold=threshold)
        found |= {
            "bpcer": round(point.bpcer.value, 4),
            "bpcer_interval": [round(point.bpcer.low, 4), round(point.bpcer.high, 4)],
            "apcer_worst": round(point.apcer_worst, 4),
            "apcer": {s.value: round(rate.value, 4) for s, rate in point.apcer.items()},
            "apcer_interval": {
                s.value: [round(rate.low, 4), round(rate.high, 4)]
                for s, rate in point.apcer.items()
            },
        }
    at = {s.value: round(rate.value, 4) for s, rate in at_bpcer.apcer.items()}
    return found | {"apcer_at_bpcer": {"0.05": at}}


if __name__ == "__main__":
    main()
