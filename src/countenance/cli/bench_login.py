"""`countenance bench login`: recorded people from the first frame to the verdict."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

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
    from countenance.bench.login import LoginReport
    from countenance.bench.peers.catalogue import PeerName


_FRAMES: Final = 100
"""Of each clip; half of them may log in."""


@click.command()
@click.option(
    "--clip",
    "clips",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A video of one face before a webcam; may be given again. Default all recorded people "
    "where the development data lies, else a public-domain portrait that sways.",
)
@click.option("--repeats", default=3, show_default=True, type=click.IntRange(1, 100))
@peer_options("seeds,opencv")
@click.option("--markdown", is_flag=True, help="Print a table for a page.")
@json_option
@pass_session
def login(
    session: Session,
    clips: tuple[Path, ...],
    repeats: int,
    peers: list[PeerName],
    pythons: dict[PeerName, Path],
    threads: int,
    markdown: bool,
) -> None:
    """Replay whole logins: the work until the verdict, in turn with other software.

    The first half of a clip logs in, five frames of its second half were enrolled. Ours folds
    observations as the server does, attack detection included; peers follow the rule of the
    tutorials: ten frames in a row whose face matches (distance 0.6, OpenCV cosine 0.363), with no
    attack detection. Waiting for the camera is not counted. Times are means over the clips,
    medians over the repeats.

    JSON keys: login_ms seed_login_ms ratio_to_seed opencv_login_ms ratio_to_opencv
    dlib_cnn_login_ms ratio_to_dlib_cnn (of the peers asked for) spread logins [{clip by verdict
    frames wall_ms cpu_ms}] threads machine peers.

    \b
    Examples:
      countenance bench login
      countenance bench login --clip ada.mp4 --clip bob.mp4 --peers seeds --json
    """
    from countenance.bench.footage import default_clips, own_footage, read_footage
    from countenance.bench.login import measure_login

    chosen = list(clips) or default_clips()
    footages = [read_footage(clip, limit=_FRAMES) for clip in chosen]
    with session.progress() as progress:
        task = progress.add_task("Replaying logins", total=repeats * (1 + len(peers)))
        report = measure_login(
            footages=footages or [own_footage(frames=60)],
            peers=peers,
            setup=peer_setup(session, threads=threads, pythons=pythons),
            open_engine=engine_opener(session, threads=threads),
            repeats=repeats,
            finished=lambda: progress.advance(task),
        )
    if session.wants_json:
        session.answer({**report.as_json(), **measured_on(threads)})
        return
    show_times(session, report.times(), heading="a login, ms of work", markdown=markdown)
    if not markdown:
        _show(report)


def _show(report: LoginReport) -> None:
    for index, clip in enumerate(report.clips):
        for who, rows in report.replays.items():
            first = rows[0][index]
            click.echo(f"  {clip}: {who} {first.verdict} after {first.frames} frames")
