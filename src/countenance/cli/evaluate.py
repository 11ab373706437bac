"""`countenance evaluate`: error rates on labelled data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from countenance.cli.context import Session, json_option, pass_session
from countenance.cli.evaluate_robustness import robustness

if TYPE_CHECKING:
    from countenance.biometrics.embeddings import Embedding
    from countenance.evaluation.matching import MatchingReport
    from countenance.evaluation.pad_report import PadReport
    from countenance.images.image import Image
    from countenance.vision.engine import StillAnalysis


@click.group()
def evaluate() -> None:
    """Measure error rates on labelled data.

    \b
    Examples:
      countenance evaluate matching --pairs pairs.csv --json
      countenance evaluate pad --manifest manifest.csv --json
    """


@evaluate.command()
@click.option(
    "--pairs",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="CSV with the columns a,b,same: two image files and 1 or 0.",
)
@click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder that the paths of the list start from; default that of the list.",
)
@json_option
@pass_session
def matching(session: Session, pairs: Path, root: Path | None) -> None:
    """Verification error rates on a list of image pairs, at the threshold of the model card.

    The most prominent face of each image (large, near the middle) is compared, whatever its
    quality. An image without a face or
    that cannot be read is a failure to acquire; its comparisons are left out and counted.
    FNMR at an FMR below one over the number of non-mated pairs cannot be told and is null.

    JSON keys: n_mated n_non_mated failures_to_acquire comparisons_left_out threshold fmr fnmr eer
    auc accuracy_10_fold (null: the list has no folds) accuracy_best threshold_best fnmr_at_fmr.

    \b
    Examples:
      countenance evaluate matching --pairs verification/pairs.csv
      countenance evaluate matching --pairs pairs.csv --root images --json
    """
    from countenance.evaluation.matching import evaluate_pairs, read_pairs

    wanted = read_pairs(pairs, root=root or pairs.parent)
    engine = session.container.engine
    with session.progress() as progress:
        embed = _Embedder(session, engine.analyse_still)
        report = evaluate_pairs(
            progress.track(wanted, description="Comparing pairs"),
            embed=embed,
            threshold=engine.thresholds.match_similarity,
        )
    if session.wants_json:
        session.answer(report.as_json())
    else:
        _show(report)


evaluate.add_command(robustness)


@evaluate.command()
@click.option(
    "--manifest",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="CSV with the columns path,label and, where known, source,subject,species,kind.",
)
@click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder that the paths of the manifest start from; default its own.",
)
@click.option(
    "--kind",
    type=click.Choice(["full_frame", "tight_crop"]),
    default="full_frame",
    show_default=True,
    help="Rows to judge: frames with their surroundings, or face crops without.",
)
@json_option
@pass_session
def pad(session: Session, manifest: Path, root: Path | None, kind: str) -> None:
    """Presentation attack detection error rates per species and source (ISO/IEC 30107-3).

    The detector that logins use judges each picture alone: a full frame at the threshold of its
    card, a face crop by the crop's view alone at an even chance. Rows of other kinds, and bona
    fide pictures that no camera took of a live person, are left out. Frames without a face are
    counted and in no rate. On pictures that the detector was trained with the figures flatter:
    those of its card were measured on sources held out.

    JSON keys: n_bona_fide n_attack no_face threshold bpcer apcer_worst apcer {species} eer auc
    apcer_at_bpcer per_source {source: {eer, bpcer, apcer}}, and exact 95 % intervals.

    \b
    Examples:
      countenance evaluate pad --manifest captures/manifest.csv
      countenance evaluate pad --manifest set.csv --root images --json
      countenance evaluate pad --manifest set.csv --kind tight_crop
    """
    from countenance.datasets.errors import DatasetError
    from countenance.datasets.manifest import Kind, read_manifest
    from countenance.evaluation.pad_report import pad_report
    from countenance.evaluation.pad_scoring import score_crops, score_frames
    from countenance.vision.interfaces import CROP_THRESHOLD

    rows = read_manifest(manifest, root=root)
    chosen = [row for row in rows if row.kind is Kind(kind) and row.is_capture]
    engine = session.container.engine
    with session.progress() as progress:
        tracked = progress.track(chosen, description="Judging pictures")
        if Kind(kind) is Kind.TIGHT_CROP:
            scored, threshold = list(score_crops(tracked, pad=engine.pad)), CROP_THRESHOLD
        else:
            frames = score_frames(tracked, detector=engine.detector, pad=engine.pad)
            scored, threshold = list(frames), engine.pad.threshold
    try:
        report = pad_report(scored, threshold=threshold)
    except ValueError as error:
        raise DatasetError(
            f"No bona fide or no attack picture of the kind {kind} could be judged.",
            remedy="Give pictures of both labels that show a face.",
        ) from error
    if session.wants_json:
        session.answer({"detector": engine.pad.name, **report.as_dict()})
    else:
        _show_pad(report, name=engine.pad.name)


def _show_pad(report: PadReport, *, name: str) -> None:
    click.echo(
        f"{name} on {report.n_bona_fide} bona fide and {report.n_attack} attack pictures; "
        f"{report.no_face} without a face."
    )
    click.echo(f"EER {report.eer:.2%}, AUC {report.auc:.4f}.")
    bpcer = report.at.bpcer
    click.echo(
        f"At the threshold {report.at.threshold:.3f}: "
        f"BPCER {bpcer.value:.2%} [{bpcer.low:.2%}, {bpcer.high:.2%}]."
    )
    for species, rate in sorted(report.at.apcer.items()):
        click.echo(
            f"APCER {species}: {rate.value:.2%} [{rate.low:.2%}, {rate.high:.2%}], n = {rate.total}"
        )


class _Embedder:
    """Files to embeddings; says once of each file that gives none."""

    def __init__(self, session: Session, analyse: Callable[[Image], StillAnalysis]) -> None:
        self._session = session
        self._analyse = analyse

    def __call__(self, path: Path) -> Embedding | None:
        from countenance.images.codec import read_image
        from countenance.images.errors import ImageError

        try:
            embedding = self._analyse(read_image(path)).embedding
        except ImageError as error:
            self._session.note(f"Left out: {error.message}")
            return None
        if embedding is None:
            self._session.note(f"Left out: no face in {path}.")
        return embedding


def _show(report: MatchingReport) -> None:
    click.echo(
        f"{report.n_mated} mated and {report.n_non_mated} non-mated comparisons; "
        f"{report.failures_to_acquire} images without a usable face, "
        f"{report.comparisons_left_out} comparisons left out."
    )
    click.echo(
        f"At the shipped threshold {report.threshold:.3f}: "
        f"FMR {report.fmr:.4%}, FNMR {report.fnmr:.2%}."
    )
    click.echo(
        f"EER {report.eer:.2%}, AUC {report.auc:.5f}, best accuracy {report.accuracy_best:.4f} "
        f"(threshold {report.threshold_best:.3f}, chosen on these pairs)."
    )
    for name, fnmr in report.fnmr_at_fmr.items():
        told = "these are too few comparisons to tell" if fnmr is None else f"{fnmr:.2%}"
        click.echo(f"FNMR at FMR {name}: {told}")
