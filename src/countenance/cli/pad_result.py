"""What `countenance pad train` tells of a detector: figures, tables and files."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from countenance.cli.context import Session

if TYPE_CHECKING:
    from countenance.evaluation.pad_report import PadReport
    from countenance.training.runs import Outcome

_FIGURES = (
    *("n_bona_fide", "n_attack", "no_face", "threshold", "bpcer", "bpcer_interval"),
    *("apcer_worst", "apcer", "apcer_interval", "n_species", "eer", "auc"),
)
_TARGETS = ("0.05", "0.10")
_OF_SOURCE = ("eer", "bpcer", "apcer", "n_bona_fide", "n_attack")


def measure(outcome: Outcome, of: str = "fused") -> PadReport:
    """Rates of the held-out scores of that name, at the card's threshold.

    Raises: TrainingDataError: one class has no score.
    """
    from countenance.evaluation.pad_report import pad_report
    from countenance.training.errors import TrainingDataError

    try:
        return pad_report(outcome.scores[of], threshold=outcome.card.threshold)
    except ValueError as error:
        raise TrainingDataError(
            "No held-out figure can be told: one class has no picture with a face.",
            remedy="Check that the images show faces and that both classes come from cameras.",
        ) from error


def card_figures(report: PadReport, outcome: Outcome) -> dict[str, Any]:
    """Figures under the names and in the order that cards have, so that they can be made again."""
    told: dict[str, Any] = report.as_dict()
    figures = {name: told[name] for name in _FIGURES}
    at_bpcer, sources = told["apcer_at_bpcer"], told["per_source"]
    figures["apcer_at_bpcer"] = {target: at_bpcer[target] for target in _TARGETS}
    figures["per_source"] = {
        name: {key: source[key] for key in _OF_SOURCE} for name, source in sources.items()
    }
    if "base" in outcome.scores:
        before = measure(outcome, "base").as_dict()
        figures["base"] = {name: before[name] for name in _FIGURES}
        return figures
    return {**figures, "views": _by_view(outcome)}


def _by_view(outcome: Outcome) -> dict[str, Any]:
    """EER and AUC of each view alone, over every presentation that has it."""
    from countenance.evaluation.protocols import score_sets
    from countenance.pad.rates import auc, equal_error_rate

    views: dict[str, Any] = {}
    for name, scored in outcome.scores.items():
        sets = score_sets(scored)
        if name != "fused" and sets.has_both:
            eer, _ = equal_error_rate(sets.bona_fide, sets.all_attacks)
            views[name] = {
                "eer": round(eer, 4),
                "auc": round(auc(sets.bona_fide, sets.all_attacks), 4),
                "n_bona_fide": sets.bona_fide.size,
                "n_attack": sets.all_attacks.size,
            }
    return views


def write_report(folder: Path, outcome: Outcome, figures: dict[str, Any]) -> None:
    """Write report.json and scores.csv.

    Raises: TrainingError: the folder cannot be written.
    """
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    writer.writerow(["path", "source", "species", "bona_fide_score"])
    for entry in outcome.scores["fused"]:
        p, score = entry.presentation, entry.bona_fide_score
        shown = "" if score is None else f"{score:.6f}"
        writer.writerow([p.path, p.source, p.species or "bona_fide", shown])
    _write(folder / "report.json", _as_json(figures), "--report")
    _write(folder / "scores.csv", table.getvalue(), "--report")


def write_result(path: Path, outcome: Outcome, figures: dict[str, Any]) -> None:
    """Write the classification report as text, and as JSON beside it.

    Raises: TrainingError: a file cannot be written.
    """
    classes = classification(outcome)
    warning = outcome.card.data.get("warning")
    values = {"classes": classes, "warning": warning, **figures}
    _write(path, _as_text(classes, figures, warning), "--result")
    _write(path.with_suffix(".json"), _as_json(values), "--result")


def classification(outcome: Outcome) -> dict[str, dict[str, float]]:
    """Precision, recall and F1 of each class at the threshold, over what was held out."""
    threshold = outcome.card.threshold
    judged = [
        (entry.presentation.is_bona_fide, entry.bona_fide_score >= threshold)
        for entry in outcome.scores["fused"]
        if entry.bona_fide_score is not None and entry.presentation.is_capture
    ]
    found: dict[str, dict[str, float]] = {}
    for name, label in (("bona_fide", True), ("attack", False)):
        hits = sum(truth is label and said is label for truth, said in judged)
        named = sum(said is label for _, said in judged)
        support = sum(truth is label for truth, _ in judged)
        found[name] = {
            "precision": round(hits / named, 4) if named else 0.0,
            "recall": round(hits / support, 4) if support else 0.0,
            "f1": round(2 * hits / (named + support), 4) if named + support else 0.0,
            "support": support,
        }
    return found


def _as_text(
    classes: dict[str, dict[str, float]], figures: dict[str, Any], warning: str | None
) -> str:
    columns = ("precision", "recall", "f1")
    lines = [" " * 12 + "".join(f"{name:>11}" for name in (*columns, "support"))]
    for name, values in classes.items():
        cells = "".join(f"{values[column]:>11.4f}" for column in columns)
        lines.append(f"{name:>12}{cells}{int(values['support']):>11}")
    right = sum(values["recall"] * values["support"] for values in classes.values())
    total = sum(values["support"] for values in classes.values())
    lines += ["", f"{'accuracy':>12}{right / total:>33.4f}{int(total):>11}"]
    lines += [f"{'EER':>12}{figures['eer']:>33.4f}", f"{'AUC':>12}{figures['auc']:>33.4f}"]
    lines += [f"{'threshold':>12}{figures['threshold']:>33.4f}"]
    return "\n".join([*lines, *(["", warning] if warning else [])]) + "\n"


def show(session: Session, card: Path, report: PadReport, figures: dict[str, Any]) -> None:
    """Print the rates for a person."""
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("RATE", "VALUE", "95 % INTERVAL", "ERRORS"):
        table.add_column(heading)
    rates = {"BPCER": report.at.bpcer}
    rates |= {f"APCER {species}": rate for species, rate in report.at.apcer.items()}
    for name, rate in rates.items():
        interval = f"{rate.low:.3f} - {rate.high:.3f}"
        table.add_row(name, f"{rate.value:.3f}", interval, f"{rate.errors} of {rate.total}")
    session.console.print(f"EER {report.eer:.3f}, AUC {report.auc:.4f} on what was held out.")
    if "base" in figures:
        base = figures["base"]
        session.console.print(
            f"Before: EER {base['eer']:.3f}, AUC {base['auc']:.4f}, BPCER {base['bpcer']:.3f}, "
            f"worst APCER {base['apcer_worst']:.3f}."
        )
    session.console.print(f"At the threshold {report.at.threshold:.3f}:")
    session.console.print(table)
    if report.no_face:
        session.console.print(f"{report.no_face} pictures show no face and were not judged.")
    session.console.print(f"Written: {card}")
    session.console.print(f"Use it: COUNTENANCE_PAD_CARD={card} countenance run")


def _as_json(values: dict[str, Any]) -> str:
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


def _write(path: Path, text: str, option: str) -> None:
    from countenance.training.errors import TrainingError

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise TrainingError(
            f"{path} cannot be written: {error.strerror or error}.",
            remedy=f"Choose another place with {option}; the detector itself was written.",
        ) from error
