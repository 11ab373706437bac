"""`countenance bench compare`: one embedding against another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from countenance.cli.bench_options import measured_on, peer_options, peer_setup, show_times
from countenance.cli.context import Session, json_option, pass_session

if TYPE_CHECKING:
    from countenance.bench.peers.catalogue import PeerName


@click.command()
@click.option("--rounds", default=20, show_default=True, type=click.IntRange(2, 1000))
@peer_options("seeds,opencv")
@click.option("--markdown", is_flag=True, help="Print a table for a page.")
@json_option
@pass_session
def compare(
    session: Session,
    rounds: int,
    peers: list[PeerName],
    pythons: dict[PeerName, Path],
    threads: int,
    markdown: bool,
) -> None:
    """Time one 1:1 comparison of two embeddings of 128 numbers, in turn with other software.

    face_recognition.face_distance, OpenCV's FaceRecognizerSF.match, and ours. The bound is what
    128 multiplications take, some ten nanoseconds: all of them are the cost of a call.

    JSON keys: comparison_us seed_comparison_us ratio_to_seed opencv_comparison_us ratio_to_opencv
    (of the peers asked for) spread threads machine peers.

    \b
    Examples:
      countenance bench compare
      countenance bench compare --peers opencv --json
    """
    from countenance.bench.compare import measure_compare

    with session.progress() as progress:
        task = progress.add_task("Comparing", total=None)
        report, running = measure_compare(
            peers=peers,
            setup=peer_setup(session, threads=threads, pythons=pythons),
            rounds=rounds,
            finished=lambda: progress.advance(task),
        )
    if session.wants_json:
        session.answer({**report.as_json(), **measured_on(threads), "peers": running.as_json()})
    else:
        show_times(session, report, heading="a comparison, us", markdown=markdown)
