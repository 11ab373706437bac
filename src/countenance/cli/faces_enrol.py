"""`countenance faces import` and `enrol`: from files or a camera to a template."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from countenance.cli.context import Session, json_option, pass_session
from countenance.cli.users import find_user

if TYPE_CHECKING:
    from countenance.biometrics.templates import Template
    from countenance.identity.interfaces import User
    from countenance.vision.engine import Engine
    from countenance.vision.photographs import Photographs


@dataclass(slots=True)
class Imported:
    """What became of one folder."""

    folder: Path
    name: str
    samples: int = 0
    """Of the stored template; 0 when none was stored."""
    is_new_user: bool = False
    problem: str = ""
    """Why nothing was stored; empty when it was."""
    refused: list[tuple[str, str, str]] = field(default_factory=list)
    """File name, reason and the reason in words of each photograph that is not used."""
    duplicates: list[str] = field(default_factory=list)
    """Login names of other users who seem to have the same face."""

    def as_json(self) -> dict[str, object]:
        """One entry of `people` in `faces import --json`."""
        return {
            "folder": self.folder.name,
            "user": self.name,
            "samples": self.samples,
            "created": self.is_new_user,
            "problem": self.problem or None,
            "refused": [{"file": file, "reason": reason} for file, reason, _ in self.refused],
            "same_face_as": self.duplicates,
        }


@click.command("import")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--create-users", is_flag=True, help="Add users that do not exist yet.")
@click.option("--replace", is_flag=True, help="Replace faces that are enrolled already.")
@json_option
@pass_session
def import_faces(session: Session, directory: Path, create_users: bool, replace: bool) -> None:
    """Enrol from photographs: one folder per person in DIRECTORY, named like the user.

    Images may be JPEG, PNG, WebP or BMP. The best photographs, at most 10, that show one and the
    same face become the template; every other one is told with its reason. A person whose
    photographs contradict each other is left out.

    Photographs are not live captures: nobody checks that the person was there. By importing you
    vouch that each folder shows its user.

    Users that --create-users adds cannot log in before they get a password:
    countenance users reset NAME.

    Exit status: 0 everybody was enrolled, 1 somebody was left out, 2 wrong usage.

    JSON keys: people (list of folder user samples created problem refused same_face_as),
    enrolled, left_out.

    \b
    Examples:
      countenance faces import people/ --create-users
      countenance faces import people/ --replace --json
    """
    folders = _person_folders(directory)
    work = _Import(session, create_users=create_users, replaces=replace)
    with session.progress() as progress:
        people = [work.take(folder) for folder in progress.track(folders, description="Importing")]
    enrolled = sum(person.samples > 0 for person in people)
    if session.wants_json:
        session.answer(
            {
                "people": [person.as_json() for person in people],
                "enrolled": enrolled,
                "left_out": len(people) - enrolled,
            }
        )
    else:
        _show(session, people)
    sys.exit(0 if enrolled == len(people) else 1)


def _person_folders(directory: Path) -> list[Path]:
    from countenance.images.errors import ImageUnreadableError

    try:
        entries = sorted(directory.iterdir())
    except OSError as error:
        raise ImageUnreadableError(
            f"Cannot read the folder {directory}: {error.strerror or error}.",
            remedy="Check its permissions.",
        ) from error
    folders = [entry for entry in entries if entry.is_dir() and not entry.name.startswith(".")]
    if not folders:
        raise ImageUnreadableError(
            f"{directory} has no folder inside.",
            remedy="Make one folder per person, named like the user, with photographs in it.",
        )
    return folders


class _Import:
    """What the folders of one import share."""

    def __init__(self, session: Session, *, create_users: bool, replaces: bool) -> None:
        self._session = session
        self._create_users = create_users
        self._replaces = replaces
        self.engine: Engine = session.container.engine

    def take(self, folder: Path) -> Imported:
        """Enrol from one folder; a template is stored whole or not at all."""
        result = Imported(folder, folder.name)
        user = self._session.container.identity.users.find(login_name_of(folder))
        result.name = user.name if user else login_name_of(folder)
        result.problem = self._obstacle(user, result.name)
        if result.problem:
            return result
        photos = look_at(self.engine, folder)
        result.refused = [(p.name, p.reason, p.in_words) for p in photos.refused]
        template = photos.template()
        if template is None:
            from countenance.vision.photographs import why_nothing

            result.problem = why_nothing(photos)
            return result
        self._store(result, user, template)
        return result

    def _obstacle(self, user: User | None, name: str) -> str:
        from countenance.identity.errors import UnacceptableNameError
        from countenance.identity.names import login_name

        if user is None and not self._create_users:
            return "no such user (add --create-users)"
        if user is None:
            try:
                login_name(name)
            except UnacceptableNameError as error:
                return f"no user name: {error.message}"
        if user is not None and user.face is not None and not self._replaces:
            return "enrolled already (add --replace)"
        return ""

    def _store(self, result: Imported, user: User | None, template: Template) -> None:
        from countenance.cli.enrolled import duplicates, open_gallery

        if user is None:
            user, result.is_new_user = _add_user(self._session, result), True
            result.name = user.name
        self._session.container.identity.vault.store(user.id, template, actor=None)
        result.samples = len(template.samples)
        gallery = open_gallery(self._session, self.engine)
        result.duplicates = duplicates(
            self._session, self.engine, gallery, template=template, own=user.id
        )


def login_name_of(folder: Path) -> str:
    """The user that a folder is for: its name, blanks as underscores."""
    return "_".join(folder.name.split())


def _add_user(session: Session, result: Imported) -> User:
    from countenance.identity.interfaces import Role
    from countenance.identity.tokens import new_token

    return session.container.identity.users.add(
        name=result.name,
        display_name=" ".join(result.folder.name.replace("_", " ").split()),
        password=new_token(),  # known to nobody
        role=Role.VIEWER,
        actor=None,
    )


def look_at(engine: Engine, folder: Path) -> Photographs:
    """The best consistent photographs of a folder.

    Raises: ImageUnreadableError: the folder cannot be read.
    """
    from countenance.cli.photographs import examine, list_files
    from countenance.vision.photographs import collect

    seen = (examine(engine, path) for path in list_files(folder))
    return collect(seen, threshold=engine.thresholds.match_similarity)


def _show(session: Session, people: list[Imported]) -> None:
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("USER", "SAMPLES", "RESULT"):
        table.add_column(heading, overflow="fold")
    for person in people:
        result = person.problem or ("enrolled, new user" if person.is_new_user else "enrolled")
        table.add_row(person.name, str(person.samples or "-"), result)
    session.console.print(table)
    for person in people:
        for file, _, words in person.refused:
            click.echo(f"Not used: {person.folder.name}/{file}: {words}", err=True)
        if person.duplicates:
            click.echo(
                f"Warning: {person.name} looks like {', '.join(person.duplicates)}; "
                "if this is one person, remove one of the users.",
                err=True,
            )
    new = sum(person.is_new_user for person in people)
    if new:
        click.echo(
            f"{new} new users have no known password yet: countenance users reset NAME", err=True
        )


@click.command()
@click.argument("name")
@click.option(
    "--source",
    required=True,
    help="A folder of photographs, one photograph, a video file, or a camera number such as 0.",
)
@click.option("--replace", is_flag=True, help="Replace the face that is enrolled already.")
@json_option
@pass_session
def enrol(session: Session, name: str, source: str, replace: bool) -> None:
    """Enrol the face of the user NAME.

    A video or camera goes through the guided enrolment: one live person, samples spread over time
    and pose, attacks and other faces refused. Photographs are taken as they are; you vouch for
    them.

    JSON keys: user samples refused (list of file and reason; photographs only) same_face_as.

    \b
    Examples:
      countenance faces enrol ada --source 0
      countenance faces enrol ada --source photos/ada
      countenance faces enrol ada --source ada.mp4 --replace
    """
    from countenance.cli.enrolled import duplicates, open_gallery
    from countenance.errors import ConfigurationError
    from countenance.images.sources import SourceKind, source_kind

    user = find_user(session, name)
    if user.face is not None and not replace:
        raise ConfigurationError(
            f"{user.name} is enrolled already.", remedy="Add --replace to enrol anew."
        )
    kind = source_kind(source)
    engine = session.container.engine
    refused: list[tuple[str, str, str]] = []
    if kind in (SourceKind.FOLDER, SourceKind.IMAGE):
        template, refused = _from_photographs(engine, Path(source), kind is SourceKind.FOLDER)
    else:
        from countenance.cli.live_enrolment import enrol_live

        template = enrol_live(session, engine, source)
    session.container.identity.vault.store(user.id, template, actor=None)
    gallery = open_gallery(session, engine)
    same = duplicates(session, engine, gallery, template=template, own=user.id)
    _tell_enrolled(session, user, template, refused, same)


def _from_photographs(
    engine: Engine, path: Path, is_folder: bool
) -> tuple[Template, list[tuple[str, str, str]]]:
    from countenance.cli.photographs import examine
    from countenance.images.errors import UnusablePhotographsError
    from countenance.vision.photographs import collect, why_nothing

    if is_folder:
        photos = look_at(engine, path)
    else:
        seen = iter([examine(engine, path)])
        photos = collect(seen, threshold=engine.thresholds.match_similarity)
    refused = [(p.name, p.reason, p.in_words) for p in photos.refused]
    template = photos.template()
    if template is None:
        told = "; ".join(f"{file}: {words}" for file, _, words in refused[:5])
        raise UnusablePhotographsError(
            f"{path} gives no sample: {why_nothing(photos)}{': ' if told else ''}{told}.",
            remedy="Give sharp, evenly lit photographs of one person who faces the camera.",
        )
    return template, refused


def _tell_enrolled(
    session: Session,
    user: User,
    template: Template,
    refused: list[tuple[str, str, str]],
    same: list[str],
) -> None:
    if session.wants_json:
        session.answer(
            {
                "user": user.name,
                "samples": len(template.samples),
                "refused": [{"file": file, "reason": reason} for file, reason, _ in refused],
                "same_face_as": same,
            }
        )
        return
    click.echo(f"Enrolled {user.name} with {len(template.samples)} samples.")
    for file, _, words in refused:
        click.echo(f"Not used: {file}: {words}", err=True)
    if same:
        click.echo(f"Warning: the face looks like that of {', '.join(same)}.", err=True)
