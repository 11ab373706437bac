"""`countenance bench`: how fast this machine is with it, and beside what else there is."""

from __future__ import annotations

from typing import Final

import click

from countenance.cli.lazy import LazyGroup

COMMANDS: Final = {
    "engine": "countenance.cli.bench_engine:engine",
    "login": "countenance.cli.bench_login:login",
    "compare": "countenance.cli.bench_compare:compare",
    "enrol": "countenance.cli.bench_enrol:enrol",
    "login-frame": "countenance.cli.bench_login_frame:login_frame",
    "pages": "countenance.cli.bench_pages:pages",
    "logins": "countenance.cli.bench_logins:logins",
    "search": "countenance.cli.bench_search:search",
}
"""Name of a command to the module and object that hold it; imported when it is asked for."""


class Benches(LazyGroup):
    """The benches by name."""

    where = COMMANDS


@click.group(cls=Benches)
def bench() -> None:
    """Measure this machine: alone, and beside other software on the same pictures.

    \b
    Examples:
      countenance bench engine --markdown
      countenance bench login --clip webcam.mp4 --peers opencv
      countenance bench login-frame --json
    """
