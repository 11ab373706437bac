"""`countenance evaluate robustness`: matching under worse conditions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from countenance.cli.context import Session, json_option, pass_session

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from countenance.evaluation.robustness import Probe, Row
    from countenance.evaluation.turned import Clip
    from countenance.images.image import Image
    from countenance.images.video import VideoFrame
    from countenance.statistics.intervals import Rate
    from countenance.vision.engine import Engine

_EVERY: Final = 2
"""Frames of a clip are taken two by two: neighbours tell nearly the same."""


@click.command()
@click.option(
    "--pairs",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="CSV with the columns a,b,same, as for `evaluate matching --all-non-mated`.",
)
@click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder that the paths of the list start from; default that of the list.",
)
@click.option(
    "--clip",
    "clips",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Video of one person who turns the head; give two or more, each of another person.",
)
@click.option(
    "--skip-missing",
    is_flag=True,
    help="Leave out rows with an image that is not there, and count them.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    help="Most probes, taken evenly from the list; default all.",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for a table (CSV) and a chart (SVG); needs matplotlib.",
)
@json_option
@pass_session
def robustness(
    session: Session,
    pairs: Path,
    root: Path | None,
    clips: tuple[Path, ...],
    skip_missing: bool,
    limit: int | None,
    report: Path | None,
) -> None:
    """Error rates with dim, small, blurred, covered and turned faces, at the card's threshold.

    The second photograph of each mated pair is changed and compared, as a login compares a frame,
    with the clean first ones: of the same person, and of everybody else in the list. All changes
    are synthetic; poses are real, as photographed and, with --clip, against the level frames of
    the same video. Probes without a face are counted and in no rate. Refused are probes that a
    login would not judge but ask to be mended; `accepted` leaves them out.

    JSON keys: threshold n_references rows [{condition level synthetic probes no_face refused fnmr
    fnmr_accepted fmr}], each rate also as _interval (exact, 95 %), _errors and _comparisons; null
    without comparisons.

    \b
    Examples:
      countenance evaluate robustness --pairs verification/pairs.csv
      countenance evaluate robustness --pairs pairs.csv --limit 100 --json
      countenance evaluate robustness --pairs pairs.csv --clip ada.mp4 --clip bob.mp4
    """
    from countenance.evaluation.charts import require_plots
    from countenance.evaluation.degradations import conditions
    from countenance.evaluation.matching_pairs import read_pairs
    from countenance.evaluation.robustness import (
        first_images,
        measure_conditions,
        probes_of,
        references_of,
    )
    from countenance.evaluation.robustness_report import write_report
    from countenance.evaluation.turned import measure_clips

    if report is not None:
        require_plots()
    if len(clips) == 1:
        raise click.UsageError("Give --clip twice or more: strangers come from the other clips.")
    wanted = read_pairs(pairs, root=root or pairs.parent, everyone=True, skip_missing=skip_missing)
    if wanted.rows_skipped:
        session.note(f"Left out: {wanted.rows_skipped} rows with an image that is not there.")
    probes = _evenly(probes_of(wanted), limit)
    engine = session.container.engine
    with session.progress() as progress:
        images = progress.track(first_images(wanted), description="Clean photographs")
        references = references_of(engine, wanted, images)
        tracked = progress.track(probes, description="Probes")
        rows = measure_conditions(engine, tracked, references=references, conditions=conditions())
        watched = [
            _clip(session, engine, path) for path in progress.track(clips, description="Clips")
        ]
    usable = [clip for clip in watched if clip is not None]
    threshold = engine.thresholds.match_similarity
    if usable:
        rows += measure_clips(usable, threshold=threshold)
    files = write_report(rows, report, threshold=threshold) if report else []
    if session.wants_json:
        session.answer(
            {
                "threshold": threshold,
                "n_references": len(references.images),
                "rows": [row.as_json() for row in rows],
            }
        )
    else:
        _show(rows, threshold=threshold)
    for path in files:
        session.note(f"Written: {path}")


def _evenly(items: Sequence[Probe], limit: int | None) -> list[Probe]:
    if limit is None or limit >= len(items):
        return list(items)
    return [items[at * len(items) // limit] for at in range(limit)]


def _clip(session: Session, engine: Engine, path: Path) -> Clip | None:
    from countenance.evaluation.turned import clip_of
    from countenance.images.video import open_video

    with open_video(path) as reader:
        clip = clip_of(engine, _images(reader.frames()))
    if clip is None:
        session.note(f"Left out: {path} has no frame that looks straight into the camera.")
    return clip


def _images(frames: Iterator[VideoFrame]) -> Iterator[Image]:
    return (frame.image for frame in frames if frame.index % _EVERY == 0)


def _show(rows: list[Row], *, threshold: float) -> None:
    click.echo(f"At a similarity of {threshold:.3f}; intervals of 95 %.")
    click.echo(
        f"{'condition':42}{'probes':>7}{'no face':>8}{'refused':>8}"
        f"  {'FNMR':18}{'FNMR accepted':18}FMR"
    )
    for row in rows:
        name = f"{row.what.condition}, {row.what.level}" if row.what.level else row.what.condition
        click.echo(
            f"{name:42}{row.probes:7}{row.no_face:8}{row.refused:8}"
            f"  {_percent(row.fnmr):18}{_percent(row.fnmr_accepted):18}{_small(row.fmr)}"
        )


def _percent(value: Rate | None) -> str:
    if value is None:
        return "-"
    return f"{value.value:.1%} ({100 * value.low:.1f}-{100 * value.high:.1f})"


def _small(value: Rate | None) -> str:
    return f"{value.value:.1e} ({value.low:.0e}-{value.high:.0e})" if value else "-"
