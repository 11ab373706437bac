"""`countenance users import` and `list --csv`: many people at once."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from countenance.cli.context import Session, pass_session

if TYPE_CHECKING:
    from countenance.identity.interfaces import User
    from countenance.identity.permissions import Role

COLUMNS: Final = ("name", "display_name", "role")
"""Of a file to import; the last two may be missing."""
EXPORTED: Final = ("name", "display_name", "role", "state", "face", "created_at", "last_login_at")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""With these a spreadsheet takes a cell for something to compute."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the file that can be added."""

    name: str
    display_name: str
    role: Role


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Check every line and add nobody.")
@click.option("--skip-existing", is_flag=True, help="Pass over names that are there already.")
@pass_session
def import_users(session: Session, file: Path, dry_run: bool, skip_existing: bool) -> None:
    """Invite everybody in the CSV FILE; print name, link and code of each, as CSV.

    The first line names the columns: name, and if you like display_name and role. Every line is
    checked before anybody is added; with one that cannot be, all of them are told with their
    number and nobody is added. The links are printed once: keep the output where only you read it.

    \b
    Examples:
      countenance users import people.csv --dry-run
      umask 077; countenance users import people.csv > links.csv
    """
    rows, problems = _checked(session, file, skip_existing=skip_existing)
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        click.echo(f"Nobody was added: {len(problems)} lines to mend.", err=True)
        raise SystemExit(1)
    if dry_run:
        click.echo(f"{len(rows)} people could be added.")
        return
    _invite(session, rows)


def _checked(session: Session, file: Path, *, skip_existing: bool) -> tuple[list[_Row], list[str]]:
    """The rows that can be added, and what is wrong with the others."""
    from countenance.identity.errors import UnacceptableNameError

    rows: list[_Row] = []
    problems: list[str] = []
    seen: dict[str, int] = {}
    for number, cells in _lines(file):
        try:
            row = _read(cells)
        except (UnacceptableNameError, ValueError) as error:
            problems.append(f"Line {number}: {error}")
            continue
        if row.name in seen:
            problems.append(f"Line {number}: {row.name} stands in line {seen[row.name]} already.")
        elif session.container.identity.users.find(row.name) is None:
            rows.append(row)
        elif not skip_existing:
            problems.append(f"Line {number}: the name {row.name} is taken.")
        seen.setdefault(row.name, number)
    return rows, problems


def _lines(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells by column, blanks around them taken off; empty lines left out."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            columns = [name.strip().lower() for name in reader.fieldnames or ()]
            unknown = sorted(set(columns) - set(COLUMNS))
            if "name" not in columns or unknown or len(columns) != len(set(columns)):
                raise click.UsageError(
                    f"The first line of {file} has to name the columns: {', '.join(COLUMNS)}."
                )
            reader.fieldnames = columns
            for cells in reader:
                if None in cells or None in cells.values():
                    raise click.UsageError(f"Line {reader.line_num} has not {len(columns)} cells.")
                yield reader.line_num, {key: text.strip() for key, text in cells.items()}
    except (csv.Error, UnicodeDecodeError) as error:
        raise click.UsageError(f"{file} is no CSV in UTF-8: {error}.") from error


def _read(cells: dict[str, str]) -> _Row:
    """Raises: UnacceptableNameError, ValueError: what to mend."""
    from countenance.identity.names import display_name, login_name
    from countenance.identity.permissions import Role

    role = cells.get("role", "").lower() or Role.VIEWER
    if role not in set(Role):
        raise ValueError(f"{role!r} is no role; take one of {', '.join(Role)}.")
    name = login_name(cells["name"])
    shown = display_name(cells.get("display_name", ""), fallback=cells["name"])
    return _Row(name, shown, Role(role))


def _invite(session: Session, rows: list[_Row]) -> None:
    """Add one after the other; each link is out before the next person is added."""
    from countenance.cli.users import invitation_link

    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(("name", "link", "code"))
    for row in rows:
        user, code = session.container.identity.invitations.invite(
            name=row.name, display_name=row.display_name, role=row.role, actor=None
        )
        out.writerow((user.name, invitation_link(session, code), code))
        sys.stdout.flush()
    click.echo(f"Invited {len(rows)} people.", err=True)


def print_csv(found: Iterable[User], *, pack: str) -> None:
    """Users as CSV on standard output: no password and no face."""
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(EXPORTED)
    for user in found:
        out.writerow([_harmless(cell) for cell in _cells(user, pack=pack)])


def _cells(user: User, *, pack: str) -> list[str]:
    state = "disabled" if not user.is_enabled else "enabled" if user.has_password else "waiting"
    face = "none" if user.face is None else "enrolled" if user.face.pack == pack else "other_pack"
    last = user.last_login_at.isoformat() if user.last_login_at else ""
    return [user.name, user.display_name, user.role, state, face, user.created_at.isoformat(), last]


def _harmless(cell: str) -> str:
    """A name that somebody chose must not become a formula in a spreadsheet."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
