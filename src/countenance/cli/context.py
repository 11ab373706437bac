"""What every command is handed: settings, the parts of this process, and a way to speak."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from countenance.bootstrap import Container
    from countenance.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])


class Session:
    """One run of the command line; its parts are made when a command first asks for them."""

    def __init__(self) -> None:
        self.wants_json = False
        """Whether standard output carries one JSON object and nothing else."""

    @cached_property
    def settings(self) -> Settings:
        """Raises: ConfigurationError."""
        from countenance.settings import read_settings

        return read_settings()

    @cached_property
    def container(self) -> Container:
        """The parts of this process; nothing is opened before it is used."""
        from countenance.bootstrap import build

        return build(self.settings)

    @cached_property
    def console(self) -> Console:
        """Standard output, for tables."""
        from rich.console import Console

        return Console(highlight=False, soft_wrap=not sys.stdout.isatty())

    @cached_property
    def progress_console(self) -> Console:
        """Standard error, for progress and notes."""
        from rich.console import Console

        return Console(stderr=True, highlight=False)

    def progress(self) -> Progress:
        """A progress bar on standard error that leaves nothing behind; silent in a pipe."""
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        return Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self.progress_console,
            transient=True,
            disable=not self.progress_console.is_terminal,
        )

    def answer(self, values: Mapping[str, object]) -> None:
        """Print the one JSON object of this run."""
        click.echo(json.dumps(values, allow_nan=False, ensure_ascii=False))

    def note(self, text: str) -> None:
        """Say something beside the result, on standard error."""
        click.echo(text, err=True)


pass_session = click.make_pass_decorator(Session, ensure=True)


def json_option(command: Command) -> Command:
    """Add `--json`; the command reads `session.wants_json`."""

    def remember(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
        context.ensure_object(Session).wants_json = value

    option = click.option(
        "--json",
        is_flag=True,
        expose_value=False,
        callback=remember,
        help="Print one JSON object on standard output; everything else goes to standard error.",
    )
    return option(command)
