"""Photographs of one person become samples: which are good enough, and which belong together.

A photograph is no live capture: nobody can tell whether the person stood before the camera.
Whoever imports vouches for the pictures.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from countenance.biometrics.embeddings import Embedding
from countenance.biometrics.selection import largest_consistent
from countenance.biometrics.templates import MAX_SAMPLES, Template, template_of
from countenance.ceremony.evidence import Hint
from countenance.images.codec import read_image
from countenance.images.errors import ImageError

if TYPE_CHECKING:
    from countenance.vision.engine import Engine


class Refusal(StrEnum):
    """Why a photograph is not used, beside the hints of the engine."""

    UNREADABLE = "unreadable"
    INCONSISTENT = "inconsistent"


WORDS: Final[dict[str, str]] = {
    Hint.NO_FACE: "no face",
    Hint.SEVERAL_FACES: "several faces",
    Hint.TOO_SMALL: "face too small",
    Hint.TOO_LARGE: "face too large",
    Hint.OFF_CENTRE_LEFT: "face cut off",
    Hint.OFF_CENTRE_RIGHT: "face cut off",
    Hint.OFF_CENTRE_UP: "face cut off",
    Hint.OFF_CENTRE_DOWN: "face cut off",
    Hint.TURNED: "face turned away",
    Hint.TILTED: "face tilted",
    Hint.TOO_DARK: "too dark",
    Hint.TOO_BRIGHT: "too bright",
    Hint.BACKLIT: "light from behind",
    Hint.BLURRED: "blurred",
    Refusal.UNREADABLE: "unreadable",
    Refusal.INCONSISTENT: "another face than on the others",
}
"""Reason to what a person reads."""


@dataclass(frozen=True, slots=True)
class RefusedPhotograph:
    """A file that is not used."""

    path: Path
    reason: str
    """A `Refusal` or a `Hint`."""
    detail: str = ""
    """What the decoder said of an unreadable file."""

    @property
    def in_words(self) -> str:
        """The reason for a person."""
        return f"{WORDS[self.reason]}: {self.detail}" if self.detail else WORDS[self.reason]


@dataclass(frozen=True, slots=True, eq=False)
class UsablePhotograph:
    """A file with one good face."""

    path: Path
    embedding: Embedding
    quality: float
    """0..1, higher is better."""


@dataclass(slots=True, eq=False)
class Photographs:
    """What the files of one person gave."""

    used: list[UsablePhotograph] = field(default_factory=list)
    """Best first; at most `MAX_SAMPLES`."""
    refused: list[RefusedPhotograph] = field(default_factory=list)
    left_over: int = 0
    """Good photographs beyond `MAX_SAMPLES`."""
    is_contradictory: bool = False
    """Whether no person is on more than half of the good photographs."""

    def template(self) -> Template | None:
        """The samples as a template; None without any."""
        return template_of([photo.embedding for photo in self.used]) if self.used else None


def examine(engine: Engine, path: Path) -> UsablePhotograph | RefusedPhotograph:
    """Look at one file."""
    try:
        image = read_image(path)
    except ImageError as error:
        return RefusedPhotograph(path, Refusal.UNREADABLE, _bare(error, path))
    still = engine.analyse_still(image)
    if still.hint is not Hint.HOLD_STILL or still.embedding is None:
        return RefusedPhotograph(path, still.hint)
    return UsablePhotograph(path, still.embedding, still.quality)


def _bare(error: ImageError, path: Path) -> str:
    return error.message.removeprefix(f"{path}: ").rstrip(".")


def collect(
    seen: Iterable[UsablePhotograph | RefusedPhotograph], *, threshold: float
) -> Photographs:
    """Keep the best photographs that show one person.

    Args:
        seen: what `examine` said of each file.
        threshold: similarity from which two photographs show the same person.
    """
    found, usable = Photographs(), []
    for photo in seen:
        if isinstance(photo, RefusedPhotograph):
            found.refused.append(photo)
        else:
            usable.append(photo)
    kept = largest_consistent([photo.embedding for photo in usable], threshold=threshold)
    if usable and 2 * len(kept) <= len(usable):
        kept, found.is_contradictory = [], True
    found.refused.extend(
        RefusedPhotograph(photo.path, Refusal.INCONSISTENT)
        for index, photo in enumerate(usable)
        if index not in kept
    )
    best = sorted((usable[index] for index in kept), key=lambda photo: -photo.quality)
    found.used, found.left_over = best[:MAX_SAMPLES], len(best[MAX_SAMPLES:])
    return found


def list_files(folder: Path) -> list[Path]:
    """The files of a folder by name, without hidden ones.

    Raises: ImageUnreadableError: the folder cannot be read.
    """
    from countenance.images.errors import ImageUnreadableError

    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise ImageUnreadableError(
            f"Cannot read the folder {folder}: {error.strerror or error}.",
            remedy="Check the path and its permissions.",
        ) from error
    return [entry for entry in entries if _is_meant(entry) and not entry.name.startswith(".")]


def _is_meant(entry: Path) -> bool:
    """Whether an entry stands for a photograph; a link that leads nowhere is told as unreadable."""
    return entry.is_file() or (entry.is_symlink() and not entry.exists())
