"""`countenance audit`: read, check and take out the trail of what happened."""

from __future__ import annotations

import json
import math
import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from countenance.cli.context import Session, json_option, pass_session

if TYPE_CHECKING:
    from countenance.identity.audit_trail import TrailFilter

WORDS: Final = {
    "altered": "that row is not as it was written",
    "missing": "rows are gone before that one",
    "unsealed": "a row stands outside of the chain",
    "cut": "the end was cut off, or written without the key",
    "head": "the head of the chain is gone or altered",
    "anchor": "the chain does not lead through an anchor",
}
_DATE: Final = click.DateTime(("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"))


@click.group()
def audit() -> None:
    """Read the audit trail, check that nobody altered it, take it out as a file.

    \b
    Examples:
      countenance audit verify
      countenance audit list --tag user:login --user ada
      countenance audit anchor >> /mnt/elsewhere/anchors
    """


@audit.command()
@click.option(
    "--anchor", "anchor_file", type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File of lines that `audit anchor` printed, kept where nobody could alter it.",
)  # fmt: skip
@json_option
@pass_session
def verify(session: Session, anchor_file: Path | None) -> None:
    """Walk the chain from the first row to the head; exit status 1 when it is broken.

    An end that was cut off together with an older head put back shows only with --anchor.

    JSON keys: rows intact first_broken (number of the first row that does not fit, or null)
    problem since pruned (rows before the first one) unmet_anchors (of rows that were pruned).

    \b
    Examples:
      countenance audit verify
      countenance audit verify --anchor /mnt/elsewhere/anchors --json
    """
    lines = anchor_file.read_text("utf-8").splitlines() if anchor_file else []
    anchors = [line for line in lines if line.strip()]
    report = session.container.identity.trail.verify(anchors=anchors)
    since = report.since.isoformat(timespec="seconds") if report.since else None
    if session.wants_json:
        session.answer(
            {
                "rows": report.rows,
                "intact": report.is_intact,
                "first_broken": report.first_broken,
                "problem": report.what,
                "since": since,
                "pruned": report.pruned,
                "unmet_anchors": report.unmet_anchors,
            }
        )
    elif report.what is None:
        met = len(anchors) - report.unmet_anchors
        through = f", anchors met: {met}" if anchors else ""
        click.echo(f"Intact: {report.rows} rows, chained since {since}{through}.")
        if report.pruned:
            click.echo(f"Pruned before them: {report.pruned} rows.")
        if report.unmet_anchors:
            told = "of rows that were pruned, nothing can be said of them"
            click.echo(f"Anchors {told}: {report.unmet_anchors}.")
    else:
        told = WORDS[report.what]
        click.echo(f"Broken at row {report.first_broken} of {report.rows}: {told}.", err=True)
    if not report.is_intact:
        sys.exit(1)


@audit.command()
@pass_session
def anchor(session: Session) -> None:
    """Print one line that proves later how the trail stands now.

    Keep it where whoever runs the database cannot change it: another machine, a mailbox, paper.

    \b
    Example:
      countenance audit anchor >> /mnt/elsewhere/anchors
    """
    click.echo(session.container.identity.trail.anchor())


@audit.command()
@click.option(
    "--older-than", "days", type=click.FloatRange(min=1), metavar="DAYS",
    help="Default: COUNTENANCE_ATTEMPTS_DAYS.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_session
def prune(session: Session, days: float | None, dry_run: bool, yes: bool) -> None:
    """Delete rows that are older than DAYS, from the first on. A running server does so daily.

    What goes is verified first; a broken trail is not pruned. Afterwards the chain is proven from
    where it was cut, and a row tells how many went. Take an anchor after: those of rows that went
    prove nothing more.

    Exit status: 0 done, 1 the trail is broken or cannot be written, 2 wrong usage.

    JSON keys: rows first_at last_at dry_run.

    \b
    Examples:
      countenance audit prune --dry-run
      countenance audit prune --older-than 90 --yes
    """
    from countenance.clock import SystemClock
    from countenance.identity.audit_pruning import days_before

    kept = session.settings.privacy.attempts_days if days is None else days
    if not math.isfinite(kept):
        raise click.UsageError("--older-than needs a number of days.")
    if kept <= 0:
        raise click.UsageError("COUNTENANCE_ATTEMPTS_DAYS=0 keeps everything; give --older-than.")
    pruning = session.container.identity.pruning
    before = days_before(SystemClock().now(), kept)
    found = pruning.look(before)
    if found.rows and not dry_run:
        if not yes:
            question = f"Delete {found.rows} rows from before {before:%Y-%m-%d %H:%M} UTC?"
            click.confirm(question, abort=True, err=True)
        found = pruning.prune(before)
    first, last = (
        at and at.isoformat(timespec="seconds") for at in (found.first_at, found.last_at)
    )
    if session.wants_json:
        told = {"rows": found.rows, "first_at": first, "last_at": last, "dry_run": dry_run}
        session.answer(told)
        return
    if not found.rows:
        click.echo(f"No row is older than {kept:g} days.")
        return
    done = "Would delete" if dry_run else "Deleted"
    click.echo(f"{done} {found.rows} rows, from {first} to {last}.")
    if not dry_run:
        session.note("Take a new anchor: countenance audit anchor")


def _filters(command: Any) -> Any:
    options = (
        click.option("--tag", default="", help="A tag or its beginning, such as user:login."),
        click.option("--user", default="", help="Login name of whom it concerns or who did it."),
        click.option("--since", type=_DATE, help="From this day or moment, UTC."),
        click.option("--until", type=_DATE, help="Before this day or moment, UTC."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _wanted(
    session: Session, *, tag: str, user: str, since: datetime | None, until: datetime | None
) -> TrailFilter:
    from countenance.cli.users import find_user
    from countenance.identity.audit_trail import TrailFilter

    return TrailFilter(
        tag=tag,
        user_id=find_user(session, user).id if user else None,
        since=since.replace(tzinfo=UTC) if since else None,
        until=until.replace(tzinfo=UTC) if until else None,
    )


@audit.command("list")
@_filters
@click.option("--before", type=click.IntRange(1), help="Only rows older than this number.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@json_option
@pass_session
def list_rows(session: Session, /, before: int | None, limit: int, **asked: Any) -> None:
    """List rows, newest first; --before goes on where a page ended.

    JSON keys: rows (list of number at tag subject actor address details), next (for --before,
    null at the end).

    \b
    Examples:
      countenance audit list --tag user:login:refused --since 2026-01-01
      countenance audit list --user ada --before 120 --json
    """
    from countenance.identity.audit_trail import as_values

    trail = session.container.identity.trail
    rows = trail.page(_wanted(session, **asked), before=before, limit=limit)
    following = rows[-1].number if len(rows) == limit else None
    if session.wants_json:
        told = [{**as_values(row), "details": json.loads(row.details)} for row in rows]
        session.answer({"rows": told, "next": following})
        return
    for row in rows:
        click.echo(
            f"{row.number:>7}  {row.at:%Y-%m-%d %H:%M:%S}  {row.tag:<28}  "
            f"{row.subject_id or '-'}  {row.address or '-'}  {row.details}"
        )
    if following is not None:
        session.note(f"More with --before {following}.")


@audit.command()
@_filters
@click.option(
    "--format", "kind", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True
)
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False),
    help="File to write, which must not be there yet; standard output without it.",
)  # fmt: skip
@pass_session
def export(session: Session, /, kind: str, output: Path | None, **asked: Any) -> None:
    """Write all rows that fit, oldest first. That they were taken out leaves a row itself.

    \b
    Examples:
      countenance audit export --output trail.jsonl
      countenance audit export --format csv --since 2026-01-01 > trail.csv
    """
    from countenance.identity.audit_files import write_trail

    if output is not None and output.exists():
        raise click.UsageError(f"{output} is there already.")
    wanted = _wanted(session, **asked)
    rows = session.container.identity.trail.export(wanted, kind=kind, actor=None)
    with nullcontext(sys.stdout) if output is None else output.open("x", encoding="utf-8") as file:
        for text in write_trail(rows, kind=kind):
            file.write(text)
