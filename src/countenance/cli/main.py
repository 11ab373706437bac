"""The command `countenance`: its groups by name, its errors as one message and a remedy.

Exit status: 0 done, 1 refused or failed (with the reason on standard error), 2 wrong usage,
130 stopped with Ctrl-C.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Final

import click

from countenance import __version__
from countenance.cli.context import Session
from countenance.cli.lazy import LazyGroup
from countenance.errors import CountenanceError

COMMANDS: Final = {
    "run": "countenance.cli.run:run",
    "users": "countenance.cli.users:users",
    "tokens": "countenance.cli.tokens:tokens",
    "faces": "countenance.cli.faces:faces",
    "pad": "countenance.cli.pad:pad",
    "models": "countenance.cli.models:models",
    "keys": "countenance.cli.keys:keys",
    "backup": "countenance.cli.backup:backup",
    "restore": "countenance.cli.backup:restore",
    "evaluate": "countenance.cli.evaluate:evaluate",
    "bench": "countenance.cli.bench:bench",
    "audit": "countenance.cli.audit:audit",
    "doctor": "countenance.cli.doctor:doctor",
}
"""Name of a command to the module and object that hold it; imported when it is asked for."""


class Root(LazyGroup):
    """The outermost group: turns errors into messages."""

    where = COMMANDS

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CountenanceError as error:
            show_error(error, session=ctx.ensure_object(Session))
            ctx.exit(1)
        except KeyboardInterrupt:
            _stopped(ctx)
        except click.Abort as abort:
            if isinstance(abort.__context__, KeyboardInterrupt):
                _stopped(ctx)
            click.echo("Nothing was changed.", err=True)
            ctx.exit(1)


def _stopped(ctx: click.Context) -> None:
    click.echo("\nStopped.", err=True)
    ctx.exit(130)


def show_error(error: CountenanceError, *, session: Session) -> None:
    """One message and its remedy on standard error; with `--json` also one object."""
    click.echo(f"{click.style('Error:', fg='red')} {error.message}", err=True)
    if error.remedy:
        click.echo(error.remedy, err=True)
    if session.wants_json:
        told = {"code": error.code, "message": error.message, "remedy": error.remedy}
        session.answer({"error": told})


@click.group(cls=Root, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory of database, keys and models; default COUNTENANCE_HOME or ./var.",
)
@click.version_option(__version__, prog_name="countenance")
@click.pass_context
def main(ctx: click.Context, home: Path | None) -> None:
    """Face login that checks the person is really there, on your own machine.

    \b
    Examples:
      countenance run
      countenance users add ada --administrator
      countenance doctor

    Exit status: 0 done, 1 refused or failed, 2 wrong usage, 130 stopped with Ctrl-C.
    """
    ctx.ensure_object(Session)
    if home is not None:
        # The variable, not a value handed on: worker processes read the same settings.
        os.environ["COUNTENANCE_HOME"] = str(home.expanduser().absolute())
    from countenance.cli.logs import configure_logs

    configure_logs()


if __name__ == "__main__":
    sys.exit(main())
