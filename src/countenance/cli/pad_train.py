"""`countenance pad train`: a passive detector of your own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from countenance.cli.context import Session, json_option, pass_session

if TYPE_CHECKING:
    from countenance.datasets.manifest import Presentation
    from countenance.evaluation.pad_report import PadReport
    from countenance.training.runs import Outcome

_LIVENESSNET_ONLY = ("lr", "batch_size", "epochs", "width", "height")


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Folder with a manifest.csv, or with SOURCE/bona_fide and SOURCE/attack images.",
)
@click.option(
    "--manifest", type=click.Path(path_type=Path), help="A manifest outside of the data folder."
)
@click.option(
    "--root",
    type=click.Path(path_type=Path),
    help="Folder that the manifest's paths start from; default the manifest's own.",
)
@click.option(
    "--split",
    type=click.Choice(["source"]),
    default="source",
    show_default=True,
    help="What is held out whole. A split by frame would leak and is not offered.",
)
@click.option("--folds", type=click.IntRange(2, 100), default=8, show_default=True)
@click.option(
    "--arch",
    type=click.Choice(["lite0-linear", "livenessnet"]),
    default="lite0-linear",
    show_default=True,
    help="A linear head on pretrained features of frame and face, or a small network on the face.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder for the detector and its card.",
)
@click.option("--report", type=click.Path(path_type=Path), help="Folder for figures and scores.")
@click.option("--cache", type=click.Path(path_type=Path), help="Folder of stored features.")
@click.option("--seed", type=click.IntRange(0, 2**31), default=7, show_default=True)
@click.option("--lr", type=click.FloatRange(1e-6, 1.0), help="livenessnet: step; default 0.001.")
@click.option("--batch-size", type=click.IntRange(1, 4096), help="livenessnet; default 64.")
@click.option("--epochs", type=click.IntRange(1, 10_000), help="livenessnet; default 20.")
@click.option("--width", type=click.IntRange(16, 256), help="livenessnet, pixels; default 32.")
@click.option("--height", type=click.IntRange(16, 256), help="livenessnet, pixels; default 32.")
@json_option
@pass_session
def train(session: Session, /, **options: Any) -> None:
    """Train a detector, measure it on sources held out of training, and write it with its card.

    Every figure is out of fold: the model that judged a picture saw nothing of that picture's
    source (camera, room and session) or person. The detector written is then trained on all of
    them. Features are stored, so that a second run is quick.

    \b
    A manifest.csv has a header and at least the columns
      path,label,source      label is bona_fide or attack
    and may have subject, species (print, replay_phone, replay_monitor, paper_mask, ...),
    kind (full_frame, tight_crop) and capture (no = not taken live, never counted).

    \b
    Examples:
      countenance pad train --data captures --output detector
      countenance pad train --manifest set.csv --root images --output detector --report report
      countenance pad train --data captures --arch livenessnet --epochs 50 --output small --json

    Needs what tools/bootstrap train installs.
    """
    from countenance.training.runs import require_extra

    architecture = options["arch"]
    _refuse_foreign_options(architecture, options)
    require_extra(architecture)
    presentations = _presentations(options["data"], options["manifest"], options["root"])
    outcome = _run(session, architecture, presentations, options)
    report = _measure(outcome)
    figures = {**report.as_dict(), **_by_view(outcome)}
    card = outcome.write(options["output"], figures=figures)
    if options["report"]:
        _write_report(options["report"], outcome, figures)
    if session.wants_json:
        session.answer({"card": str(card), "architecture": architecture, **figures})
    else:
        _show(session, card, report)


def _refuse_foreign_options(architecture: str, options: dict[str, Any]) -> None:
    given = [name for name in _LIVENESSNET_ONLY if options[name] is not None]
    if architecture != "livenessnet" and given:
        raise click.UsageError(
            f"--{given[0].replace('_', '-')} belongs to --arch livenessnet; "
            f"{architecture} has no such choice."
        )


def _presentations(
    data: Path | None, manifest: Path | None, root: Path | None
) -> tuple[Presentation, ...]:
    from countenance.datasets.manifest import read_folder, read_manifest
    from countenance.training.pad import check_presentations

    if (data is None) == (manifest is None):
        raise click.UsageError("Give either --data FOLDER or --manifest FILE.")
    if manifest is not None:
        return check_presentations(read_manifest(manifest, root=root))
    if root is not None:
        raise click.UsageError("--root goes with --manifest.")
    return check_presentations(read_folder(data or Path()))


def _run(
    session: Session,
    architecture: str,
    presentations: tuple[Presentation, ...],
    options: dict[str, Any],
) -> Outcome:
    from countenance.training.runs import LivenessNetPlan, train_lite0_linear, train_livenessnet
    from countenance.vision.engine import open_recognition

    settings = session.settings
    detector, _, _ = open_recognition(settings.home / "models", threads=1)
    cache = options["cache"] or settings.home / "cache" / "pad-features"
    folds, seed = options["folds"], options["seed"]
    with _bars(session) as bars:
        if architecture == "lite0-linear":
            return train_lite0_linear(
                presentations, detector=detector, cache=cache, folds=folds, seed=seed, bars=bars
            )
        chosen = {name: options[name] for name in _LIVENESSNET_ONLY if options[name] is not None}
        plan = LivenessNetPlan(folds=folds, seed=seed, **chosen)
        return train_livenessnet(presentations, detector=detector, plan=plan, bars=bars)


@contextmanager
def _bars(session: Session) -> Iterator[Callable[[str, int], Callable[[], None]]]:
    """Something that begins a bar of so many steps and returns how to advance it."""
    with session.progress() as progress:

        def begin(title: str, total: int) -> Callable[[], None]:
            task = progress.add_task(title, total=total)
            return lambda: progress.advance(task)

        yield begin


def _measure(outcome: Outcome) -> PadReport:
    from countenance.evaluation.pad_report import pad_report
    from countenance.training.errors import TrainingDataError

    try:
        return pad_report(outcome.scores["fused"], threshold=outcome.threshold)
    except ValueError as error:
        raise TrainingDataError(
            "No held-out figure can be told: one class has no picture with a face.",
            remedy="Check that the images show faces and that both classes come from cameras.",
        ) from error


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
    return {"views": views}


def _write_report(folder: Path, outcome: Outcome, figures: dict[str, Any]) -> None:
    import csv
    import json

    from countenance.training.errors import TrainingError

    try:
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(figures, indent=2, ensure_ascii=False)
        (folder / "report.json").write_text(text + "\n", encoding="utf-8")
        with (folder / "scores.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["path", "source", "species", "bona_fide_score"])
            for entry in outcome.scores["fused"]:
                p, score = entry.presentation, entry.bona_fide_score
                shown = "" if score is None else f"{score:.6f}"
                writer.writerow([p.path, p.source, p.species or "bona_fide", shown])
    except OSError as error:
        raise TrainingError(
            f"The report cannot be written to {folder}: {error.strerror or error}.",
            remedy="Choose another folder with --report; the detector itself was written.",
        ) from error


def _show(session: Session, card: Path, report: PadReport) -> None:
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("RATE", "VALUE", "95 % INTERVAL", "ERRORS"):
        table.add_column(heading)
    rates = {"BPCER": report.at.bpcer}
    rates |= {f"APCER {species}": rate for species, rate in report.at.apcer.items()}
    for name, rate in rates.items():
        interval = f"{rate.low:.3f} - {rate.high:.3f}"
        table.add_row(name, f"{rate.value:.3f}", interval, f"{rate.errors} of {rate.total}")
    session.console.print(f"EER {report.eer:.3f}, AUC {report.auc:.4f} on sources held out.")
    session.console.print(f"At the threshold {report.at.threshold:.3f}:")
    session.console.print(table)
    if report.no_face:
        session.console.print(f"{report.no_face} pictures show no face and were not judged.")
    session.console.print(f"Written: {card}")
    session.console.print(f"Use it: COUNTENANCE_PAD_CARD={card} countenance run")
