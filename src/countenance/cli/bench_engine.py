"""`countenance bench engine`: a login frame and its parts beside other software."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from countenance.cli.bench_options import (
    clip_option,
    engine_opener,
    footage_of,
    peer_options,
    peer_setup,
)
from countenance.cli.context import Session, json_option, pass_session

if TYPE_CHECKING:
    from countenance.bench.engine_report import EngineReport
    from countenance.bench.peers.catalogue import PeerName


@click.command()
@clip_option
@click.option(
    "--rounds",
    default=20,
    show_default=True,
    type=click.IntRange(2, 60),  # the profiler's file grows by 2 MB with each
    help="Turns of everybody, six consecutive frames each.",
)
@peer_options("seeds,dlib-cnn,opencv")
@click.option("--markdown", is_flag=True, help="Print a table for a page.")
@json_option
@pass_session
def engine(
    session: Session,
    clip: Path | None,
    rounds: int,
    peers: list[PeerName],
    pythons: dict[PeerName, Path],
    threads: int,
    markdown: bool,
) -> None:
    """Time a login frame, the detector and the embedder, in turn with other software.

    Everybody works on the same consecutive 640 x 480 frames with the same number of threads, one
    at a time, in an order that changes from round to round. A figure is the median over the
    rounds of the mean time of a frame; `spread` holds quartiles, of ratios the 95 % bootstrap
    interval. Peers run in environments that are made once in the folder bench of the home
    directory (about 470 MB); one that cannot be had is null, with the reason.

    JSON keys: frame_ms frame_from_jpeg_ms seed_path_ms ratio_to_seed_path dlib_cnn_path_ms
    ratio_to_dlib_cnn_path opencv_path_ms ratio_to_opencv_path embedding_ms opencv_embedding_ms
    ratio_embedding detector_ms opencv_detector_ms ratio_detector detector_small_ms
    opencv_detector_small_ms ratio_detector_small kernel_ms kernel_share frame_over_kernels
    parity_max_abs parity judged_share face_found_share spread cpu (the same in processor time,
    which other work on the machine disturbs less) clip frames rounds frames_per_round threads
    held_to_cores machine peers.

    \b
    Examples:
      countenance bench engine --markdown
      countenance bench engine --clip webcam.mp4 --peers opencv --json
      countenance bench engine --peers none --threads 2
    """
    from countenance.bench.engine import EngineBench, measure_engine
    from countenance.bench.lanes import ROUND_FRAMES

    setup = peer_setup(session, threads=threads, pythons=pythons)
    footage = footage_of(clip, frames=rounds * ROUND_FRAMES)
    opener = engine_opener(session, threads=threads)
    bench = EngineBench(footage, rounds, peers, setup, opener)
    with session.progress() as progress:
        task = progress.add_task("Measuring", total=None)
        report = measure_engine(
            bench, finished=lambda turns: progress.update(task, advance=1, total=turns)
        )
    if session.wants_json:
        session.answer(report.as_json())
    elif markdown:
        click.echo(report.markdown())
    else:
        _show(session, report)


def _show(session: Session, report: EngineReport) -> None:
    from rich.table import Table

    table = Table("work", "Countenance", "compared with", "takes", "times as long")
    for row in report.rows():
        table.add_row(*row)
    session.console.print(table)
    session.console.print(report.conditions())
