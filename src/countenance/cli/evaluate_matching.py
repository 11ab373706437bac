"""`countenance evaluate matching`: verification error rates on labelled pairs of images."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from countenance.cli.context import Session, json_option, pass_session

if TYPE_CHECKING:
    from rich.progress import Progress

    from countenance.evaluation.matching import Estimate, MatchingReport
    from countenance.evaluation.matching_comparisons import Compared
    from countenance.evaluation.matching_pairs import PairList
    from countenance.evaluation.matching_samples import Acquired
    from countenance.statistics.intervals import Interval, Rate


@click.command()
@click.option(
    "--pairs",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="CSV with the columns a,b,same: two image files and 1 or 0; "
    "and, if you have them, person_a,person_b,fold.",
)
@click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder that the paths of the list start from; default that of the list.",
)
@click.option(
    "--all-non-mated",
    is_flag=True,
    help="Compare each image with those of all other people, not with the list's alone.",
)
@click.option(
    "--skip-missing",
    is_flag=True,
    help="Leave out rows with an image that is not there, and count them.",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for a page with charts, its data, and the worst pairs. Shows faces.",
)
@json_option
@pass_session
def matching(
    session: Session,
    pairs: Path,
    root: Path | None,
    all_non_mated: bool,
    skip_missing: bool,
    report: Path | None,
) -> None:
    """Verification error rates on a list of image pairs, at the threshold of the model card.

    The most prominent face of each image (large, near the middle) is compared, whatever its
    quality. An image without a face, or one that is damaged, is a failure to acquire: its
    comparisons are not made; gfar and gfrr count them as refused (ISO/IEC 19795-1).

    FNMR at an FMR below one over the number of non-mated comparisons cannot be told and is null;
    --all-non-mated makes enough of them for 1e-4 and 1e-5. A person is then what the columns
    person_a and person_b say, or else the folder of the image, as in Labeled Faces in the Wild.

    JSON keys: n_mated n_non_mated rows_skipped n_images n_people people_from all_non_mated
    failures_to_acquire failure_to_acquire_rate comparisons_left_out threshold fmr fnmr gfar gfrr
    eer auc accuracy_best threshold_best accuracy_10_fold (null without the column fold)
    accuracy_10_fold_standard_error n_folds fnmr_at_fmr threshold_at_fmr fnmr_at_discard intervals
    failed_images.

    \b
    Examples:
      countenance evaluate matching --pairs verification/pairs.csv
      countenance evaluate matching --pairs pairs.csv --root images --all-non-mated --json
      countenance evaluate matching --pairs pairs.csv --report report

    --report needs what tools/bootstrap train installs.
    """
    from countenance.evaluation.matching_json import as_json
    from countenance.evaluation.matching_pairs import read_pairs

    if report is not None:
        _prepare(report)
    listed = read_pairs(
        pairs, root=root or pairs.parent, everyone=all_non_mated, skip_missing=skip_missing
    )
    if listed.rows_skipped:
        session.note(f"Left out: {listed.rows_skipped} rows with an image that is not there.")
    acquired, compared, measured = _measure(session, listed, everyone=all_non_mated)
    values = as_json(measured, listed, acquired)
    if report is not None:
        from countenance.evaluation.matching_report import write_matching_report

        write_matching_report(report, measured, listed, acquired, compared, values=values)
        session.note(f"Written: {report / 'report.html'}; worst-pairs.html beside it shows faces.")
    if session.wants_json:
        session.answer(values)
    else:
        _show(session, measured)


def _prepare(report: Path) -> None:
    """What a report needs is seen to before the long work."""
    from countenance.evaluation.charts import require_plots
    from countenance.evaluation.report_folder import prepare_report_folder

    require_plots()
    prepare_report_folder(report)


def _measure(
    session: Session, pairs: PairList, *, everyone: bool
) -> tuple[Acquired, Compared, MatchingReport]:
    from countenance.biometrics.bootstrap import REPLICATES
    from countenance.evaluation.matching import measure
    from countenance.evaluation.matching_comparisons import compare

    engine = session.container.engine
    threshold = engine.thresholds.match_similarity
    with session.progress() as progress:
        acquired = _acquire(session, pairs, progress)
        task = progress.add_task("Comparing everyone", total=len(pairs.images), visible=everyone)
        compared = compare(
            pairs,
            acquired,
            threshold=threshold,
            everyone=everyone,
            on_images=lambda done: progress.advance(task, done),
        )
        draws = progress.add_task("Drawing people for intervals", total=REPLICATES)
        measured = measure(
            pairs,
            acquired,
            compared,
            threshold=threshold,
            everyone=everyone,
            on_replicate=lambda: progress.advance(draws),
        )
    return acquired, compared, measured


def _acquire(session: Session, pairs: PairList, progress: Progress) -> Acquired:
    from countenance.evaluation.matching_samples import acquire

    task = progress.add_task("Reading images", total=len(pairs.images))
    return acquire(
        pairs.paths(),
        analyse=session.container.engine.analyse_still,
        workers=os.cpu_count() or 1,
        on_image=lambda: progress.advance(task),
        on_failure=lambda path, why: session.note(f"No sample: {path}: {why}"),
    )


def _show(session: Session, report: MatchingReport) -> None:
    others = "everyone with everyone else" if report.everyone else "the pairs of the list"
    click.echo(
        f"{report.n_mated} mated and {report.n_non_mated} non-mated comparisons ({others}), "
        f"{report.n_images} images, {report.n_people} people; "
        f"{report.comparisons_left_out} comparisons left out."
    )
    _show_rates(session, report)
    click.echo(f"EER {_told(report.eer)}, AUC {report.auc.value:.5f}.")
    for name, estimate in report.fnmr_at_fmr.items():
        click.echo(f"FNMR at FMR {name}: {_told(estimate)}")
    if report.best is not None:
        click.echo(
            f"Best accuracy {report.best.value:.4f} at {report.best.threshold:.3f}, a threshold "
            "chosen on these pairs."
        )
    if report.folds is not None:
        click.echo(
            f"Accuracy over {report.folds.folds} folds {report.folds.mean:.4f}, "
            f"standard error {report.folds.standard_error:.4f}."
        )


def _show_rates(session: Session, report: MatchingReport) -> None:
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("RATE", "VALUE", "ERRORS", "EXACT 95 %", "OVER PEOPLE"):
        table.add_column(heading)
    rows: dict[str, tuple[Rate, Interval | None]] = {
        "FMR": (report.fmr.counted, report.fmr.bootstrap),
        "FNMR": (report.fnmr.counted, report.fnmr.bootstrap),
        "FTA": (report.failures_to_acquire, None),
        "GFAR": (report.gfar, None),
        "GFRR": (report.gfrr, None),
    }
    for name, (rate, over_people) in rows.items():
        errors = f"{rate.errors} of {rate.total}"
        ranges = _range(rate.interval), _range(over_people)
        table.add_row(name, f"{rate.value:.4%}", errors, *ranges)
    click.echo(f"At the shipped threshold {report.threshold:.3f}:")
    session.console.print(table)


def _told(estimate: Estimate) -> str:
    if estimate.value is None:
        return "these are too few comparisons to tell"
    if estimate.bootstrap is None:
        return f"{estimate.value:.2%}"
    return f"{estimate.value:.2%} [{_range(estimate.bootstrap)}]"


def _range(interval: Interval | None) -> str:
    return "" if interval is None else f"{interval.low:.4%} - {interval.high:.4%}"
