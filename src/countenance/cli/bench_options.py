"""Options that the measurements beside peers share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from countenance.bench.peers.catalogue import PeerName

if TYPE_CHECKING:
    from countenance.bench.footage import Footage
    from countenance.bench.peers.start import PeerSetup
    from countenance.bench.side_by_side import SideBySide
    from countenance.cli.context import Session
    from countenance.vision.engine import Engine

Command = TypeVar("Command", bound=Callable[..., Any])
MAX_FRAMES: Final = 240
"""Frames of a clip that are kept in memory."""


def peer_options(default: str) -> Callable[[Command], Command]:
    """Add `--peers` with that default, `--peer-python` and `--threads`."""
    options = (
        click.option(
            "--peers",
            default=default,
            show_default=True,
            callback=_peers,
            help="Whom to compare with, comma separated; `none` for nobody.",
        ),
        click.option(
            "--peer-python",
            "pythons",
            multiple=True,
            metavar="NAME=PYTHON",
            callback=_pythons,
            help="Run a peer in this Python instead of an environment made for it; may be "
            "given again.",
        ),
        click.option(
            "--threads",
            default=1,
            show_default=True,
            type=click.IntRange(1, 64),
            help="Of everybody; on Linux also the number of cores they are held to.",
        ),
    )

    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def clip_option(command: Command) -> Command:
    """Add `--clip`."""
    option = click.option(
        "--clip",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        help="A video of one face before a webcam; default a recorded clip where the development "
        "data lies, else a public-domain portrait that sways.",
    )
    return option(command)


def peer_setup(session: Session, *, threads: int, pythons: dict[PeerName, Path]) -> PeerSetup:
    """What peers are started with; notes go to standard error."""
    from countenance.bench.peers.start import PeerSetup

    return PeerSetup(session.settings.home, threads, session.note, pythons)


def engine_opener(session: Session, *, threads: int) -> Callable[[], Engine]:
    """Opens a new engine each time, as a server would, with so many threads."""
    from countenance.bootstrap import build

    settings = session.settings
    settings = replace(settings, engine=replace(settings.engine, threads=threads))
    return lambda: build(settings).engine


def footage_of(clip: Path | None, *, frames: int) -> Footage:
    """The frames of a clip, or what there is without one."""
    from countenance.bench.footage import default_clips, own_footage, read_footage

    chosen = clip or next(iter(default_clips()), None)
    limit = min(frames, MAX_FRAMES)
    return own_footage(frames=limit) if chosen is None else read_footage(chosen, limit=limit)


def measured_on(threads: int) -> dict[str, object]:
    """The keys `threads` and `machine` of an answer."""
    from countenance.bench.cores import this_machine

    return {"threads": threads, "machine": this_machine().as_json()}


def show_times(session: Session, times: SideBySide, *, heading: str, markdown: bool) -> None:
    """One quantity of everybody, as a table for people or for a page."""
    from rich.table import Table

    if markdown:
        click.echo(times.markdown(heading=heading))
        return
    table = Table("", heading, "times ours")
    for row in times.rows():
        table.add_row(*row)
    session.console.print(table)


def _peers(_context: click.Context, _parameter: click.Parameter, value: str) -> list[PeerName]:
    words = [word.strip() for word in value.split(",") if word.strip()]
    if words == ["none"]:
        return []
    try:
        return [PeerName(word) for word in dict.fromkeys(words)]
    except ValueError:
        known = ", ".join([*PeerName, "none"])
        raise click.BadParameter(f"{value!r} names somebody else than {known}.") from None


def _pythons(
    _context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]
) -> dict[PeerName, Path]:
    given: dict[PeerName, Path] = {}
    for value in values:
        name, _, path = value.partition("=")
        if name not in list(PeerName) or not Path(path).is_file():
            raise click.BadParameter(f"{value!r} is not NAME=PYTHON with a Python that is there.")
        given[PeerName(name)] = Path(path).absolute()
    return given
