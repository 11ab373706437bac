"""`countenance doctor`: what is well, what is not, and what to do."""

from __future__ import annotations

import sys

import click

from countenance.cli.context import Session, json_option, pass_session

_STYLES = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command()
@json_option
@pass_session
def doctor(session: Session) -> None:
    """Check this installation and say what to do about what is wrong.

    Looks at Python, packages, home directory, database, keys, models, the detector of presentation
    attacks, calibration, port, cameras and HTTPS. Makes the home directory, keys and database when
    they are not there yet, as a start would.

    Exit status: 0 nothing failed (warnings may be there), 1 something failed, 2 wrong usage.

    JSON keys: healthy, findings (list of check, health: ok warn or fail, found, remedy).

    \b
    Examples:
      countenance doctor
      countenance doctor --json
    """
    from countenance.cli.checks import Health, examine

    findings = list(examine(session))
    healthy = all(finding.health is not Health.FAIL for finding in findings)
    if session.wants_json:
        told = [
            {"check": f.check, "health": f.health, "found": f.found, "remedy": f.remedy}
            for f in findings
        ]
        session.answer({"healthy": healthy, "findings": told})
    else:
        for finding in findings:
            mark = click.style(f"{finding.health:4}", fg=_STYLES[finding.health])
            click.echo(f"{mark}  {finding.check.replace('_', ' ')}: {finding.found}")
            if finding.remedy:
                click.echo(f"      {finding.remedy}")
    sys.exit(0 if healthy else 1)
