"""Write docs/reference/cli.md from the help texts of the commands.

`python tools/gen_cli_docs.py` writes the page; with `--check` it exits 1 when the page is not what
it would write.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from countenance.cli.main import main

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "cli.md"
INTRODUCTION = """# Command line

Generated from the help texts by `tools/gen_cli_docs.py`; do not edit.

Every command prints its result on standard output and everything else on standard error.
With `--json` standard output carries exactly one object; an error is then
`{"error": {"code", "message", "remedy"}}`, see the [error reference](../error-reference.md).
Exit status: 0 done, 1 refused or failed, 2 wrong usage, 130 stopped with Ctrl-C.
"""


def page() -> str:
    """The content of the page."""
    sections = (
        f"## {context.command_path}\n\n```\n{help_text(context)}\n```\n"
        for context in contexts(main, None, "countenance")
    )
    return "\n".join([INTRODUCTION, *sections])


def help_text(context: click.Context) -> str:
    """What `--help` prints on a terminal of 90 columns, without blanks at the ends of lines."""
    lines = context.command.get_help(context).splitlines()
    return "\n".join(line.rstrip() for line in lines)


def contexts(
    command: click.Command, parent: click.Context | None, name: str
) -> Iterator[click.Context]:
    """The command and all below it, in the order of their group."""
    width = {"terminal_width": 90, "max_content_width": 90}
    settings = width | dict(command.context_settings)
    context = click.Context(command, parent=parent, info_name=name, **settings)
    yield context
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            assert found is not None
            yield from contexts(found, context, below)


def run(arguments: list[str]) -> int:
    """Write or check the page; the exit status."""
    if arguments == ["--check"]:
        return 0 if PAGE.read_text(encoding="utf-8") == page() else 1
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
