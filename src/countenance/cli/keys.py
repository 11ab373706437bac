"""`countenance keys`: the master key of this installation."""

from __future__ import annotations

from pathlib import Path

import click

from countenance.cli.context import Session, json_option, pass_session


@click.group()
def keys() -> None:
    """Look at the master key, and replace it.

    \b
    Examples:
      countenance keys status
      countenance keys rotate
    """


@keys.command()
@json_option
@pass_session
def status(session: Session) -> None:
    """Say which master key is in use, and since when. The key itself is never shown.

    JSON keys: place, fingerprint, rotated_at (null when it never was).

    \b
    Example:
      countenance keys status
    """
    from countenance.events import Tag
    from countenance.identity.keys import key_path

    found = session.container.identity
    last = next(iter(found.audit.list_events(tags=(Tag.KEYS_ROTATED,), limit=1)), None)
    settings = session.settings
    place = "the settings" if settings.master_key else str(key_path(settings.home))
    if session.wants_json:
        rotated = last.at.isoformat(timespec="seconds") if last else None
        session.answer(
            {"place": place, "fingerprint": found.key_fingerprint, "rotated_at": rotated}
        )
        return
    click.echo(f"Master key     {place}")
    click.echo(f"Fingerprint    {found.key_fingerprint}")
    is_pruned = found.audit.list_events(tags=(Tag.AUDIT_PRUNED,), limit=1)
    never = "not within what the audit trail keeps" if is_pruned else "never"
    click.echo(f"Last replaced  {f'{last.at:%Y-%m-%d %H:%M} UTC' if last else never}")


@keys.command()
@click.option(
    "--new-key-file", type=click.Path(path_type=Path, dir_okay=False),
    help="File of the new key, made when it is not there; needed where the settings give the key.",
)  # fmt: skip
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_session
def rotate(session: Session, new_key_file: Path | None, yes: bool) -> None:
    """Replace the master key. Stop the server before, or restart it right after.

    What is encrypted is encrypted for the new key in one step: when the command is killed, either
    the old key holds or the new one. A server that goes on running with the old key recognises
    nobody until it is restarted. Backups made before need the old key: keep it with them.

    Exit status: 0 replaced, 1 not, with the reason and nothing changed.

    JSON keys: templates, secrets, unreadable, key_file.

    \b
    Examples:
      countenance keys rotate
      countenance keys rotate --new-key-file /run/secrets/countenance-master-2 --yes
    """
    from countenance.bootstrap import prepare_home
    from countenance.clock import SystemClock
    from countenance.identity.key_rotation import rotate_keys

    if not yes:
        click.confirm(
            "Replace the master key? A running server has to be restarted after.",
            abort=True,
            err=True,
        )
    prepare_home(session.settings.home)
    done = rotate_keys(session.settings, clock=SystemClock(), new_key_file=new_key_file)
    if session.wants_json:
        session.answer(
            {
                "templates": done.templates,
                "secrets": done.secrets,
                "unreadable": done.unreadable,
                "key_file": str(done.key_file),
            }
        )
        return
    click.echo(f"The new master key is in {done.key_file}.")
    click.echo(f"Encrypted for it: {done.templates} faces, {done.secrets} authenticator apps.")
    if done.unreadable:
        click.echo(f"Could not be read before either, and stay so: {done.unreadable}.")
    if session.settings.master_key is not None:
        click.echo("Name it in COUNTENANCE_MASTER_KEY_FILE now; the old key opens nothing more.")
    click.echo("Restart the server. Keep the old key for as long as a backup from before is kept.")
