"""`countenance evaluate`: error rates on labelled data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from countenance.cli.context import Session, json_option, pass_session
from countenance.cli.evaluate_identification import identification
from countenance.cli.evaluate_matching import matching
from countenance.cli.evaluate_robustness import robustness

if TYPE_CHECKING:
    from countenance.evaluation.pad_report import PadReport


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


evaluate.add_command(identification)
evaluate.add_command(matching)
evaluate.add_command(robustness)
