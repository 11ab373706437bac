"""`countenance users`: the people who may log in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from countenance.cli.context import Session, json_option, pass_session
from countenance.cli.users_csv import import_users, print_csv

if TYPE_CHECKING:
    from countenance.identity.interfaces import User, UserFilter

_YES = click.option("--yes", is_flag=True, help="Do not ask.")
ROLE_NAMES: Final = ("viewer", "operator", "officer", "administrator", "auditor")
"""As in `identity.permissions`, which is not imported for the sake of `--help`."""
_ROLE = click.option(
    "--role", type=click.Choice(ROLE_NAMES), default="viewer", show_default=True,
    help="What NAME may do, see docs/reference/roles.md.",
)  # fmt: skip


@click.group()
def users() -> None:
    """Add, list, disable and remove the people who may log in.

    \b
    Examples:
      countenance users add ada --name "Ada Lovelace" --administrator
      countenance users list --search ada
    """


users.add_command(import_users)


@users.command()
@click.argument("name")
@click.option("--name", "display_name", default="", help="Name to show; default the login name.")
@_ROLE
@click.option("--administrator", is_flag=True, help="Short for --role administrator.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@json_option
@pass_session
def add(
    session: Session,
    name: str,
    display_name: str,
    role: str,
    administrator: bool,
    password_stdin: bool,
) -> None:
    """Add the user NAME with a temporary password.

    On a terminal the password is asked for; left empty, or without a terminal, one is made and
    printed once. Either way the user chooses another at the first login.

    \b
    Examples:
      countenance users add ada --administrator
      countenance users add ben --name "Ben Hur" --role operator
      pass show door/ada | countenance users add ada --password-stdin
    """
    from countenance.identity.interfaces import Role

    given = _password(session, from_stdin=password_stdin)
    password = given or _temporary_password()
    user = session.container.identity.users.add(
        name=name,
        display_name=display_name,
        password=password,
        role=Role.ADMINISTRATOR if administrator else Role(role),
        actor=None,
    )
    if session.wants_json:
        told = _as_json(user, pack=pack_identity(session))
        session.answer({"user": told, "temporary_password": None if given else password})
        return
    click.echo(f"Added {user.name} ({user.display_name}), {user.role}.")
    if not given:
        click.echo(f"Temporary password, shown once: {password}")


@users.command()
@click.argument("name")
@click.option("--name", "display_name", default="", help="Name to show; default the login name.")
@_ROLE
@json_option
@pass_session
def invite(session: Session, name: str, display_name: str, role: str) -> None:
    """Add the user NAME, who chooses the password: print a link for that, once.

    Nobody else ever knows the password. COUNTENANCE_ORIGINS gives the link its address.

    \b
    Examples:
      countenance users invite ada
      countenance users invite ben --name "Ben Hur" --role operator
    """
    from countenance.identity.interfaces import Role

    user, issued = session.container.identity.invitations.invite(
        name=name, display_name=display_name, role=Role(role), actor=None
    )
    _tell_invitation(session, user, issued)


def invitation_link(session: Session, code: str) -> str:
    """The address at which a code is used; the first of the origins, else this machine."""
    from countenance.cli.run import page

    server = session.settings.server
    address = server.origins[0] if server.origins else page(server)
    return f"{address}/invite#{code}"


def _tell_invitation(session: Session, user: User, code: str) -> None:
    link = invitation_link(session, code)
    hours = round(session.settings.login.invitation_lifetime_s / 3600)
    if session.wants_json:
        session.answer({"user": user.name, "link": link, "code": code, "hours": hours})
        return
    click.echo(
        f"{user.name} ({user.display_name}), {user.role}, chooses a password with this link,"
    )
    click.echo(f"good once, for {hours} hours: {link}")


def _password(session: Session, *, from_stdin: bool) -> str:
    """The password of standard input or of the person at the terminal; empty to have one made."""
    if from_stdin:
        line = sys.stdin.readline().rstrip("\r\n")
        if not line:
            raise click.UsageError("--password-stdin found an empty line on standard input.")
        return line
    if session.wants_json or not sys.stdin.isatty():
        return ""
    typed: str = click.prompt(
        "Password (empty to have one made)", default="", hide_input=True, show_default=False,
        confirmation_prompt="Repeat it", err=True,
    )  # fmt: skip
    return typed


def _temporary_password() -> str:
    from countenance.identity.tokens import new_code

    return new_code(3)


@users.command("list")
@click.option("--search", default="", help="Part of the login or display name.")
@click.option("--role", type=click.Choice(ROLE_NAMES), help="Only users of this role.")
@click.option(
    "--state", type=click.Choice(["enabled", "waiting", "disabled"]), help="Only users like that."
)
@click.option(
    "--face", type=click.Choice(["enrolled", "other_pack", "pending", "none"]),
    help="Only users with such a face; other_pack has to be enrolled again, pending "
    "waits for a second person.",
)  # fmt: skip
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV in place of a table.")
@json_option
@pass_session
def list_users(
    session: Session,
    search: str,
    role: str | None,
    state: str | None,
    face: str | None,
    as_csv: bool,
) -> None:
    """List users by name.

    JSON keys: users (list of name display_name role enabled has_password face_samples face_pack
    enrol_again created_at last_login_at); enrol_again is true for a face of another model pack.

    \b
    Examples:
      countenance users list
      countenance users list --search ada --json
      countenance users list --role officer --face none
      countenance users list --csv > people.csv
    """
    from countenance.identity.interfaces import FaceState, Role, UserFilter, UserState

    pack = pack_identity(session)
    fits = UserFilter(
        search=search,
        role=Role(role) if role else None,
        state=UserState(state) if state else None,
        face=FaceState(face) if face else None,
        pack=pack,
    )
    if as_csv:
        print_csv(all_users(session, fits), pack=pack)
        return
    found = list(all_users(session, fits))
    if session.wants_json:
        session.answer({"users": [_as_json(user, pack=pack) for user in found]})
        return
    if not found:
        is_narrowed = any((search, role, state, face))
        click.echo("No user fits." if is_narrowed else "Nobody yet: countenance users add NAME")
        return
    session.console.print(_table(found, pack=pack))


def all_users(session: Session, fits: UserFilter) -> Iterator[User]:
    """Everybody who fits, by name, read a page at a time."""
    after, has_after = None, True
    while has_after:
        page = session.container.identity.users.list_users(fits, after=after, limit=500)
        yield from page.users
        has_after = page.has_after
        after = page.users[-1].name if page.users else None


def pack_identity(session: Session) -> str:
    """The pack in use, as templates carry it; loads no model."""
    from countenance.vision.packs import shipped_pack

    return shipped_pack(session.settings.engine.pack).identity


def _table(found: list[User], *, pack: str) -> object:
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("NAME", "DISPLAY NAME", "ROLE", "STATE", "FACE", "LAST LOGIN"):
        table.add_column(heading, overflow="fold")
    for user in found:
        table.add_row(
            user.name,
            user.display_name,
            user.role,
            _state(user),
            _face(user, pack=pack),
            _day(user.last_login_at),
        )
    return table


def _state(user: User) -> str:
    if not user.is_enabled:
        return "disabled"
    return "enabled" if user.has_password else "no password"


def _face(user: User, *, pack: str) -> str:
    if user.face is None:
        return "none"
    if user.face.pack != pack:
        return "enrol again"
    return f"{user.face.samples} samples"


def _day(moment: datetime | None) -> str:
    return "never" if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M")


def _as_json(user: User, *, pack: str) -> dict[str, object]:
    return {
        "name": user.name,
        "display_name": user.display_name,
        "role": user.role,
        "enabled": user.is_enabled,
        "has_password": user.has_password,
        "face_samples": user.face.samples if user.face else 0,
        "face_pack": user.face.pack if user.face else None,
        "enrol_again": user.face is not None and user.face.pack != pack,
        "created_at": user.created_at.isoformat(),
        "last_login_at": user.last_login_at.isoformat() if user.last_login_at else None,
    }


@users.command()
@click.argument("name")
@_YES
@pass_session
def disable(session: Session, name: str, yes: bool) -> None:
    """Keep NAME out and end all sessions; nothing is deleted.

    \b
    Example: countenance users disable ben
    """
    user = find_user(session, name)
    confirm(f"Disable {user.name}? All sessions end.", yes=yes)
    session.container.identity.users.set_enabled(user.id, enabled=False, actor=None)
    click.echo(f"Disabled {user.name}.")


@users.command()
@click.argument("name")
@pass_session
def enable(session: Session, name: str) -> None:
    """Let NAME in again.

    \b
    Example: countenance users enable ben
    """
    user = find_user(session, name)
    session.container.identity.users.set_enabled(user.id, enabled=True, actor=None)
    click.echo(f"Enabled {user.name}.")


@users.command()
@click.argument("name")
@click.argument("role", type=click.Choice(ROLE_NAMES))
@_YES
@pass_session
def role(session: Session, name: str, role: str, yes: bool) -> None:
    """Give NAME another ROLE; all sessions of NAME end.

    The last enabled administrator stays one.

    \b
    Example: countenance users role ben officer
    """
    from countenance.identity.interfaces import Role

    user = find_user(session, name)
    if user.role == role:
        click.echo(f"{user.name} is {role} already.")
        return
    confirm(f"Make {user.name}, who is {user.role}, {role}? All sessions end.", yes=yes)
    session.container.identity.users.set_role(user.id, Role(role), actor=None)
    click.echo(f"{user.name} is {role} now.")


@users.command()
@click.argument("name")
@pass_session
def unlock(session: Session, name: str) -> None:
    """Let NAME try again at once, after too many wrong tries.

    \b
    Example: countenance users unlock ben
    """
    user = find_user(session, name)
    if session.container.identity.throttles.unlock(user.id, actor=None):
        click.echo(f"Unlocked {user.name}.")
    else:
        click.echo(f"Nothing slows {user.name} down.")


@users.command()
@click.argument("name")
@_YES
@pass_session
def remove(session: Session, name: str, yes: bool) -> None:
    """Remove NAME with face, password and sessions; this cannot be undone.

    \b
    Example: countenance users remove ben
    """
    user = find_user(session, name)
    confirm(f"Remove {user.name} with face, password and sessions for good?", yes=yes)
    session.container.identity.users.remove(user.id, actor=None)
    click.echo(f"Removed {user.name}.")


@users.command()
@click.argument("name")
@click.option("--factors", is_flag=True, help="The second factors instead of the password.")
@_YES
@json_option
@pass_session
def reset(session: Session, name: str, factors: bool, yes: bool) -> None:
    """Take the password of NAME away; print a link for choosing a new one, once.

    All sessions of NAME end. For somebody invited it is a new invitation.

    With --factors the password stays, and passkeys, authenticator app and recovery codes go: for
    somebody who lost a phone or key.

    \b
    Examples:
      countenance users reset ben
      countenance users reset ben --factors
    """
    user = find_user(session, name)
    if factors:
        _reset_factors(session, user, yes=yes)
        return
    confirm(f"Reset the password of {user.name}? All sessions end.", yes=yes)
    issued = session.container.identity.invitations.reset(user.id, actor=None)
    _tell_invitation(session, user, issued)


@users.command()
@click.argument("name")
@json_option
@pass_session
def code(session: Session, name: str) -> None:
    """Print a one-time login code: the way in without a face, beside the password.

    An earlier code of NAME stops working.

    \b
    Example: countenance users code ben
    """
    user = find_user(session, name)
    issued = session.container.identity.login_codes.issue(user.id, actor=None)
    minutes = round(session.settings.login.code_lifetime_s / 60)
    if session.wants_json:
        session.answer({"user": user.name, "code": issued, "minutes": minutes})
    else:
        click.echo(f"One-time code of {user.name}, good for {minutes} minutes: {issued}")


def _reset_factors(session: Session, user: User, *, yes: bool) -> None:
    from countenance.identity.second_factors import drop_second_factors

    confirm(f"Remove the second factors of {user.name}? All sessions end.", yes=yes)
    dropped = drop_second_factors(session.container.identity, user.id, actor=None)
    if session.wants_json:
        session.answer({"user": user.name, "removed": dropped})
    else:
        told = "Removed the second factors of" if dropped else "There are no second factors of"
        click.echo(f"{told} {user.name}.")


def find_user(session: Session, name: str) -> User:
    """The user of that login name. Raises: UserNotFoundError."""
    from countenance.identity.errors import UserNotFoundError

    user = session.container.identity.users.find(name)
    if user is None:
        raise UserNotFoundError(
            f"There is no user named {name}.", remedy="See: countenance users list"
        )
    return user


def confirm(question: str, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"{question} Add --yes to do it without a terminal.")
    click.confirm(question, abort=True, err=True)


@users.command()
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@json_option
@pass_session
def export(session: Session, name: str, file: Path) -> None:
    """Write everything that is held about the user NAME into FILE, for that person.

    FILE is JSON: account, trail, devices, other ways in, agreements, and the number rows of the
    face. Hashes and keys are named, not shown. The trail says that it was made.

    JSON keys: user, file.

    \b
    Example:
      countenance users export ada ada.json
    """
    import json
    import os

    from countenance.identity.errors import StorageError

    identity = session.container.identity
    held = identity.personal_data.export(find_user(session, name).id, actor=None)
    try:
        descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as target:
            json.dump(held, target, indent=1, ensure_ascii=False)
    except OSError as error:
        raise StorageError(
            f"{file} cannot be written: {error.strerror or error}.",
            remedy="Name a file that is not there yet, in a folder that may be written.",
        ) from error
    if session.wants_json:
        session.answer({"user": name, "file": str(file)})
        return
    click.echo(f"Wrote what is held about {name} to {file}. Keep it private.")
