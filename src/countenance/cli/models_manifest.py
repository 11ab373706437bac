"""What the manifest of the models says of the files that are there, and `models accept`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click

from countenance.cli.context import Session, json_option, pass_session

if TYPE_CHECKING:
    from pathlib import Path

    from countenance.vision.manifest import Manifest


@dataclass(frozen=True, slots=True)
class ManifestState:
    """How it stands."""

    manifest: Manifest | None
    """None when it cannot be believed."""
    unlisted: tuple[str, ...]
    """Files of the models folder that are not in it; none of them is loaded."""
    problem: str = ""
    """Why the server does not start; empty when the manifest and all its files are right."""
    remedy: str = ""

    @property
    def told(self) -> str:
        """One sentence."""
        if self.manifest is None or self.problem:
            return self.problem
        if not self.manifest.serial:
            return "nothing is listed yet; all models come with the product"
        count = len(self.manifest.files)
        files = "1 file" if count == 1 else f"{count} files"
        return f"number {self.manifest.serial}, {files}, each as it was listed"

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        files = self.manifest.files.values() if self.manifest else ()
        return {
            "serial": self.manifest.serial if self.manifest else None,
            "files": [asdict(file) for file in files],
            "unlisted": list(self.unlisted),
            "problem": self.problem or None,
        }


def manifest_state(session: Session) -> ManifestState:
    """Read the manifest and every file that is in it. Raises: StorageError."""
    from countenance.vision.errors import VisionError

    ledger, manifest = session.container.ledger, None
    try:
        manifest = ledger.manifest()
        ledger.check_all()
    except VisionError as error:
        return ManifestState(manifest, _unlisted(session, manifest), error.message, error.remedy)
    return ManifestState(manifest, _unlisted(session, manifest))


def _unlisted(session: Session, manifest: Manifest | None) -> tuple[str, ...]:
    folder, listed = session.settings.home / "models", manifest.files if manifest else {}
    names = (path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file())
    return tuple(
        name.as_posix() for name in names if name.as_posix() not in listed and _matters(name)
    )


def _matters(name: Path) -> bool:
    """Prepared graphs have seals of their own; drafts of whoever writes now begin with a dot."""
    return name.parts[0] != "prepared" and not any(part.startswith(".") for part in name.parts)


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_session
def accept(session: Session, yes: bool) -> None:
    """List the models that are there anew, whatever became of the list that there was.

    For the day on which a server refuses to start for a model or its manifest, and you know why:
    files of a pack are listed when they have the digest of their card, a promoted detector when
    card and model belong together. Compare the digests that are shown with those you know. The
    audit trail keeps them.

    Exit status: 0 listed, 1 not, with the reason, 2 wrong usage.

    JSON keys: serial, files (list of name sha256 size belongs_to came).

    \b
    Examples:
      countenance models accept
      countenance models accept --yes --json
    """
    from countenance.cli.users import confirm

    ledger = session.container.ledger
    files = ledger.acceptable()
    for file in files:
        click.echo(f"{file.name}  {file.size} bytes, {file.belongs_to}", err=True)
        click.echo(f"  sha256 {file.sha256}", err=True)
    if not files:
        click.echo("No models but those that come with the product are there.", err=True)
    confirm("Take these for right, and no others?", yes=yes)
    manifest = ledger.accept(files)
    if session.wants_json:
        told = [asdict(file) for file in manifest.files.values()]
        session.answer({"serial": manifest.serial, "files": told})
        return
    click.echo(f"Listed: {len(manifest.files)}. The manifest has number {manifest.serial}.")
