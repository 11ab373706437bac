"""`countenance bench enrol`: a folder of photographs to embeddings."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import click

from countenance.cli.bench_options import (
    engine_opener,
    measured_on,
    peer_options,
    peer_setup,
    show_times,
)
from countenance.cli.context import Session, json_option, pass_session

if TYPE_CHECKING:
    from countenance.bench.peers.catalogue import PeerName


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--limit",
    default=60,
    show_default=True,
    type=click.IntRange(12, 10_000),
    help="Most photographs to take.",
)
@peer_options("seeds,opencv")
@click.option("--markdown", is_flag=True, help="Print a table for a page.")
@json_option
@pass_session
def enrol(
    session: Session,
    folder: Path,
    limit: int,
    peers: list[PeerName],
    pythons: dict[PeerName, Path],
    threads: int,
    markdown: bool,
) -> None:
    """Time the way from photographs of FOLDER to embeddings, in turn with other software.

    Reading and decoding included. Ours embeds each face and its mirror image, as an enrolment
    does; peers embed once, at the photograph's own size.

    JSON keys: image_ms images_per_s seed_image_ms ratio_to_seed opencv_image_ms ratio_to_opencv
    (of the peers asked for) spread photographs embedded {by: count} threads machine peers.

    \b
    Examples:
      countenance bench enrol photographs
      countenance bench enrol photographs --limit 200 --peers opencv --json
    """
    from countenance.bench.enrol import measure_enrol, photographs_in

    with session.progress() as progress:
        task = progress.add_task("Enrolling", total=None)
        report = measure_enrol(
            photographs=photographs_in(folder, limit=limit),
            peers=peers,
            setup=peer_setup(session, threads=threads, pythons=pythons),
            open_engine=engine_opener(session, threads=threads),
            finished=lambda: progress.advance(task),
        )
    if session.wants_json:
        answer = {
            **report.times.as_json(),
            "images_per_s": round(1000 / median(report.times.own), 1),
            "photographs": report.photographs,
            "embedded": report.embedded,
        }
        session.answer({**answer, **measured_on(threads), "peers": report.peers.as_json()})
    else:
        show_times(session, report.times, heading="a photograph, ms", markdown=markdown)
