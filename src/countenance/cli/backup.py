"""`countenance backup` and `countenance restore`: an installation in one file, and back."""

from __future__ import annotations

from pathlib import Path

import click

from countenance.cli.context import Session, json_option, pass_session

_YES = click.option("--yes", is_flag=True, help="Do not ask.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--with-lab", is_flag=True, help="Take the lab's pictures too; they show faces.")
@click.option("--overwrite", is_flag=True, help="Replace FILE if it is there.")
@json_option
@pass_session
def backup(session: Session, file: Path, with_lab: bool, overwrite: bool) -> None:
    """Write everything of this installation but its master key into FILE. It may be running.

    FILE holds the database and promoted detectors. Faces in it are encrypted for the master key,
    which is not in it: keep that in another place. Names, addresses, password hashes and the audit
    trail are readable, so keep FILE private.

    Exit status: 0 written, 1 not, with the reason and no file left behind.

    JSON keys: file, rows, files, size.

    \b
    Examples:
      countenance backup /backup/door-$(date +%F).zip
      countenance backup door.zip --with-lab --overwrite
    """
    from countenance.clock import SystemClock
    from countenance.events import Tag
    from countenance.identity.backup import make_backup

    if file.exists() and not overwrite:
        raise click.UsageError(f"{file} is there already; add --overwrite, or name another file.")
    # Before, so that the copy tells of itself.
    session.container.identity.audit.append(Tag.BACKUP_MADE, details={"file": file.name})
    made = make_backup(file.absolute(), session.settings, clock=SystemClock(), with_lab=with_lab)
    if session.wants_json:
        session.answer(
            {"file": str(file), "rows": made.rows, "files": made.files, "size": made.size}
        )
        return
    click.echo(f"Wrote {file}: {made.rows} rows, {made.files} files, {made.size / 1000:.0f} kB.")
    click.echo("The master key is not in it; keep a copy of that in another place.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--key-file", type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Master key that belongs to FILE; it is put into the home directory.",
)  # fmt: skip
@click.option("--replace", is_flag=True, help="Replace an installation that has people in it.")
@_YES
@json_option
@pass_session
def restore(session: Session, file: Path, key_file: Path | None, replace: bool, yes: bool) -> None:
    """Make this installation what it was when the backup FILE was made. Stop the server before.

    FILE is checked whole before anything changes, and the database is replaced in one step: when
    the command is killed, the installation is what it was or what FILE says. FILE may come from
    another kind of database and from an older version.

    Exit status: 0 restored, 1 not, with the reason.

    JSON keys: file, made_at, rows, files, missing_models (files of packs, to be installed again).

    \b
    Examples:
      countenance restore door.zip
      countenance --home /srv/door restore door.zip --key-file master.key
      countenance restore door.zip --replace
    """
    from countenance.bootstrap import prepare_home
    from countenance.events import Tag
    from countenance.identity.backup_restore import restore_backup

    if replace and not yes:
        click.confirm(
            "Replace all people, faces and the trail of this installation?", abort=True, err=True
        )
    prepare_home(session.settings.home)
    done = restore_backup(file, session.settings, key_file=key_file, may_replace=replace)
    missing = session.container.ledger.forget_missing()
    details = {"file": file.name, "made_at": done.made_at}
    session.container.identity.audit.append(Tag.BACKUP_RESTORED, details=details)
    if session.wants_json:
        session.answer(
            {
                "file": str(file),
                "made_at": done.made_at,
                "rows": done.rows,
                "files": done.files,
                "missing_models": list(missing),
            }
        )
        return
    click.echo(f"Restored {file} of {done.made_at}: {done.rows} rows, {done.files} files.")
    for name in missing:
        click.echo(f"Not in a backup, install it again: the model {name}")
    click.echo("Start the server; everybody logs in as before.")
