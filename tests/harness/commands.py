"""Our own commands inside the process of the test: no interpreter is started for them.

`tests.harness.server.run_command` starts the installed command: for claims about processes, and for
a few commands, so that the way from the shell is walked, too.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping

from click.testing import CliRunner

from countenance.cli.main import main


def invoke(
    *arguments: str, stdin: str = "", env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """What `run_command` answers; no developer's settings leak in, nobody is at a terminal.

    Raises: what the command does not turn into an exit status.
    """
    unset = dict.fromkeys(name for name in os.environ if name.startswith("COUNTENANCE_"))
    result = CliRunner().invoke(main, list(arguments), input=stdin, env=unset | dict(env or {}))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return subprocess.CompletedProcess(arguments, result.exit_code, result.stdout, result.stderr)
