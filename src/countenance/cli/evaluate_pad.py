"""`countenance evaluate pad`: presentation attack detection error rates on labelled data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from countenance.cli.context import Session, json_option, pass_session

if TYPE_CHECKING:
    from countenance.cli.pad_judging import Rows
    from countenance.datasets.manifest import Kind
    from countenance.evaluation.pad_calibrated import CalibrationTrial
    from countenance.evaluation.pad_measurement import PadMeasurement
    from countenance.vision.pad_card import PadCard


@click.command()
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
    type=click.Choice(["full_frame", "tight_crop", "clip"]),
    default="full_frame",
    show_default=True,
    help="Rows to judge: frames with their surroundings, face crops without, or videos.",
)
@click.option(
    "--model",
    metavar="NAME|CARD",
    help="Another detector: path of its card, or name of an installed one. Default: the one in "
    "service.",
)
@click.option(
    "--leave-one-source-out",
    is_flag=True,
    help="Train heads for each source without it, and let those judge it. Needs the extra train.",
)
@click.option(
    "--teacher",
    type=click.Choice(["minifasnet"]),
    help="With --leave-one-source-out: the heads learn from this installed pack too, as the "
    "shipped ones did.",
)
@click.option(
    "--fuse",
    type=click.Choice(["minifasnet"]),
    help="With --leave-one-source-out: mix in the second opinion of this installed pack.",
)
@click.option(
    "--photographs",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="With --leave-one-source-out: photographs for drawn prints, as `pad train` takes them.",
)
@click.option(
    "--scores",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Scores computed before: the scores.csv of `pad train --report` or of --report here.",
)
@click.option(
    "--cache",
    type=click.Path(path_type=Path),
    help="Folder of stored features for --leave-one-source-out; default in the home directory.",
)
@click.option(
    "--calibrate",
    type=click.IntRange(3, 50),
    metavar="N",
    help="Tell also what N bona fide pictures of the same source are worth that move its "
    "threshold (3 to 50).",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for a page with charts, its data, and the worst errors. Shows faces.",
)
@json_option
@pass_session
def pad(session: Session, /, **options: Any) -> None:
    """Presentation attack detection error rates per species and source (ISO/IEC 30107-3).

    The detector that logins use judges each picture alone: a full frame at the threshold of its
    card, a face crop by the crop's view alone at an even chance. A clip is watched as a login
    watches a camera (ten frames a second for 20 seconds, tracked and smoothed), is admitted when
    enough good frames come in a row, and counts as one presentation. Bona fide pictures that no
    camera took of a live person are left out. Presentations without a face are counted and in no
    rate, and so are damaged files.

    On pictures that the detector was trained with the figures flatter, and the answer says so.
    --leave-one-source-out tells what it does elsewhere: each source is judged by heads that saw
    nothing of it. --scores takes such scores from a file.

    --calibrate takes N bona fide pictures of each source as an enrolment at its camera, moves the
    threshold of that source by them, and judges what is left of the source both ways.

    JSON keys: detector kind protocol in_training (sources presentations) n_bona_fide n_attack
    no_face no_face_bona_fide no_face_attack threshold bpcer bpcer_interval apcer_worst apcer
    apcer_interval n_species apcer_all acer eer eer_threshold auc apcer_at_bpcer
    apcer_worst_at_bpcer threshold_at_bpcer (each at 0.01 0.05 0.10; null with too few bona fide)
    per_source per_subject (eer bpcer apcer, intervals, counts) intervals_over_sources not_captured
    without_score unreadable frames (rates by frame; null without clips) clips
    calibrated (frames sources n_bona_fide n_attack shift bounds, and eer auc bpcer apcer_all
    apcer of uncalibrated, of calibrated_within_bounds, as logins do it, and of calibrated, where
    nothing bounds the shift; null without --calibrate).

    \b
    Examples:
      countenance evaluate pad --manifest captures/manifest.csv
      countenance evaluate pad --manifest set.csv --root images --json
      countenance evaluate pad --manifest set.csv --kind clip --report report
      countenance evaluate pad --manifest set.csv --leave-one-source-out --teacher minifasnet
      countenance evaluate pad --manifest set.csv --scores report/scores.csv
      countenance evaluate pad --manifest set.csv --leave-one-source-out --calibrate 5

    --report and --leave-one-source-out need what tools/bootstrap train installs.
    """
    from countenance.cli.pad_judging import rows_of
    from countenance.datasets.manifest import Kind
    from countenance.evaluation.pad_json import as_json

    kind, report = Kind(options["kind"]), options["report"]
    _refuse_contradictions(options)
    if report is not None:
        _prepare(report)
    rows = rows_of(options["manifest"], root=options["root"], kind=kind)
    _note_unknown(session, rows)
    measured = _measured(session, rows, kind, options)
    values = as_json(measured, root=rows.root)
    if report is not None:
        _write_report(session, report, measured, rows, values)
    if session.wants_json:
        session.answer(values)
    else:
        _show(session, measured)


def _refuse_contradictions(options: dict[str, Any]) -> None:
    left_out, scores = options["leave_one_source_out"], options["scores"]
    if left_out and scores:
        raise click.UsageError("Give --leave-one-source-out or --scores, not both.")
    if options["kind"] == "clip" and (left_out or scores):
        raise click.UsageError(
            "Clips are watched by one detector: train one without their sources and name it with "
            "--model."
        )
    if options["kind"] == "clip" and options["calibrate"]:
        raise click.UsageError("--calibrate goes with pictures, not with clips.")
    if left_out and options["model"]:
        raise click.UsageError("--leave-one-source-out trains its own detectors; leave --model.")
    if not left_out and (options["teacher"] or options["fuse"]):
        raise click.UsageError("--teacher and --fuse go with --leave-one-source-out.")
    for name in ("cache", "photographs"):
        if options[name] and not left_out:
            raise click.UsageError(f"--{name} goes with --leave-one-source-out.")


def _prepare(report: Path) -> None:
    """What a report needs is seen to before the long work."""
    from countenance.evaluation.charts import require_plots
    from countenance.evaluation.report_folder import prepare_report_folder

    require_plots()
    prepare_report_folder(report)


def _note_unknown(session: Session, rows: Rows) -> None:
    from countenance.pad.species import PaiSpecies

    unknown = sum(row.species is PaiSpecies.UNKNOWN for row in rows.chosen)
    if unknown:
        known = ", ".join(kind for kind in PaiSpecies if kind is not PaiSpecies.UNKNOWN)
        session.note(f"{unknown} attacks are of no known species; those are {known}.")


def _measured(session: Session, rows: Rows, kind: Kind, options: dict[str, Any]) -> PadMeasurement:
    if options["leave_one_source_out"]:
        return _left_one_out(session, rows, kind, options)
    card = _card(session, options["model"])
    if options["scores"]:
        return _from_scores(session, rows, kind, options, card=card)
    return _judged(session, rows, kind, card=card, calibrate=options["calibrate"])


def _card(session: Session, model: str | None) -> Path | None:
    """The card that --model means; None for the detector in service."""
    if model is None:
        return None
    from countenance.vision.backends.onnx.pad import shipped_pad_card
    from countenance.vision.pad_service import detector_named

    return detector_named(model, session.settings.home / "models", shipped=shipped_pad_card())


def _judged(
    session: Session, rows: Rows, kind: Kind, *, card: Path | None, calibrate: int | None
) -> PadMeasurement:
    from countenance.cli.pad_judging import container_with, judge
    from countenance.evaluation.pad_measurement import LeftOut, Protocol, familiar, measure

    container = container_with(session, card)
    told = judge(session, container.engine, rows, kind, title="Judging presentations")
    return measure(
        told.scored,
        detector=container.engine.pad.name,
        kind=kind,
        protocol=Protocol.DETECTOR,
        threshold=told.threshold,
        familiar=familiar(_read_card(container.pad_in_service.card).data, rows.chosen),
        left_out=LeftOut(rows.not_captured, 0, told.unreadable),
        sessions=told.sessions,
        calibrate=calibrate,
    )


def _left_one_out(
    session: Session, rows: Rows, kind: Kind, options: dict[str, Any]
) -> PadMeasurement:
    from countenance.cli.pad_leave_one_out import ARCHITECTURE, leave_one_source_out
    from countenance.evaluation.pad_measurement import LeftOut, Protocol, measure

    threshold = _threshold(_read_card(session.container.pad_in_service.card), kind)
    return measure(
        leave_one_source_out(
            session,
            rows,
            kind,
            cache=options["cache"],
            photographs=options["photographs"],
            teaches=options["teacher"] is not None,
            is_fused=options["fuse"] is not None,
        ),
        detector=ARCHITECTURE if options["fuse"] is None else f"{ARCHITECTURE}+{options['fuse']}",
        kind=kind,
        protocol=Protocol.LEAVE_ONE_SOURCE_OUT,
        threshold=threshold,
        left_out=LeftOut(rows.not_captured),
        calibrate=options["calibrate"],
    )


def _from_scores(
    session: Session, rows: Rows, kind: Kind, options: dict[str, Any], *, card: Path | None
) -> PadMeasurement:
    from countenance.evaluation.pad_measurement import LeftOut, Protocol, measure
    from countenance.evaluation.pad_scores import read_scores

    scores = options["scores"]
    given = read_scores(scores, rows.chosen)
    beside = None if card is not None else _threshold_beside(scores)
    shown = _read_card(card or session.container.pad_in_service.card)
    return measure(
        given.scored,
        detector=f"{shown.name}/{shown.version}" if card else f"scores of {scores.name}",
        kind=kind,
        protocol=Protocol.GIVEN_SCORES,
        threshold=_threshold(shown, kind) if beside is None else beside,
        left_out=LeftOut(rows.not_captured, given.without),
        calibrate=options["calibrate"],
    )


def _threshold_beside(scores: Path) -> float | None:
    """That of the report.json in the folder of the scores; None where there is none."""
    try:
        told = json.loads((scores.parent / "report.json").read_text(encoding="utf-8"))
        return float(told["threshold"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _threshold(card: PadCard, kind: Kind) -> float:
    from countenance.datasets.manifest import Kind
    from countenance.vision.interfaces import CROP_THRESHOLD

    return CROP_THRESHOLD if kind is Kind.TIGHT_CROP else card.threshold


def _read_card(path: Path) -> PadCard:
    from countenance.vision.pad_card import read_pad_card

    return read_pad_card(path)


def _write_report(
    session: Session,
    folder: Path,
    measured: PadMeasurement,
    rows: Rows,
    values: dict[str, object],
) -> None:
    from countenance.evaluation.pad_report_files import write_pad_report
    from countenance.vision.engine import open_recognition

    detector, _, _ = open_recognition(
        session.settings.home / "models", threads=1, ledger=session.container.ledger
    )
    write_pad_report(folder, measured, values=values, detector=detector, root=rows.root)
    session.note(f"Written: {folder / 'report.html'}; worst-errors.html beside it shows faces.")


def _show(session: Session, measured: PadMeasurement) -> None:
    from countenance.evaluation.pad_words import percent, span

    report, met = measured.report, measured.familiar
    click.echo(
        f"{measured.detector} on {report.n_bona_fide} bona fide presentations and "
        f"{report.n_attack} attacks ({measured.kind}); {report.no_face} without a face."
    )
    if met.is_any:
        click.echo(
            f"No test: {met.presentations} of them come from {len(met.sources)} sources that this "
            "detector was trained with."
        )
    over_sources = span(measured.scatter.eer)
    told = f" [{over_sources} over sources]" if over_sources else ""
    click.echo(f"EER {percent(report.eer)}{told}, AUC {report.auc:.4f}.")
    click.echo(f"At the threshold {report.at.threshold:.3f}:")
    _show_rates(session, measured)
    for name, point in report.apcer_at_bpcer.items():
        if point is not None:
            click.echo(
                f"Worst APCER at BPCER {float(name):.0%}: {percent(point.apcer_worst)}, "
                f"threshold {point.threshold:.3f}"
            )
    if measured.kind.value == "clip":
        _show_clips(session, measured)
    if measured.calibrated is not None:
        _show_calibrated(measured.calibrated)


def _show_rates(session: Session, measured: PadMeasurement) -> None:
    from rich.table import Table

    from countenance.evaluation.pad_words import counted, percent, span

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("RATE", "VALUE", "ERRORS", "EXACT 95 %", "OVER SOURCES"):
        table.add_column(heading)
    report, scatter = measured.report, measured.scatter
    rates = {"BPCER": (report.at.bpcer, scatter.bpcer)}
    rates |= {f"APCER {species}": (rate, None) for species, rate in report.at.apcer.items()}
    rates |= {"APCER all": (report.apcer_all, scatter.apcer)}
    for name, (rate, scattered) in rates.items():
        ranges = span(rate.interval), span(scattered)
        table.add_row(name, percent(rate.value), counted(rate), *ranges)
    session.console.print(table)


def _show_calibrated(trial: CalibrationTrial) -> None:
    from countenance.evaluation.pad_words import percent

    plain, known = trial.uncalibrated, trial.calibrated_within_bounds
    click.echo(
        f"Each camera known by {trial.frames} bona fide pictures ({trial.sources} sources; "
        f"{trial.n_bona_fide} other bona fide and {trial.n_attack} attacks, {trial.draws} draws): "
        f"EER {percent(known.eer)} instead of {percent(plain.eer)}, BPCER {percent(known.bpcer)} "
        f"instead of {percent(plain.bpcer)}, APCER all {percent(known.apcer_all)} instead of "
        f"{percent(plain.apcer_all)}."
    )


def _show_clips(session: Session, measured: PadMeasurement) -> None:
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("CLIP", "SHOWN", "DECISION", "AFTER", "JUDGED", "SCORE"):
        table.add_column(heading)
    for one in measured.sessions:
        shown, verdict = one.presentation, one.verdict
        table.add_row(
            shown.path.name,
            shown.species or "bona_fide",
            "admitted" if verdict.reason is None else verdict.reason.value,
            "" if one.decided_at_s is None else f"{one.decided_at_s:.1f} s",
            f"{len(one.scores)} of {len(one.frames)}",
            "" if one.score is None else f"{one.score:.3f}",
        )
    session.console.print(table)
