"""Photographs of one person become samples: which are good enough, and which belong together.

A photograph is no live capture: nobody can tell whether the person stood before the camera.
Whoever imports vouches for the pictures.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from countenance.biometrics.embeddings import Embedding
from countenance.biometrics.selection import largest_consistent
from countenance.biometrics.templates import MAX_SAMPLES, Template, template_of
from countenance.ceremony.evidence import Hint

if TYPE_CHECKING:
    from countenance.vision.engine import StillAnalysis


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

    name: str
    """Of the file, or whatever tells it from the others."""
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

    name: str
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


def judge(name: str, still: StillAnalysis) -> UsablePhotograph | RefusedPhotograph:
    """What one photograph is good for.

    Args: still: what the engine saw on it.
    """
    if still.hint is not Hint.HOLD_STILL or still.embedding is None:
        return RefusedPhotograph(name, still.hint)
    return UsablePhotograph(name, still.embedding, still.quality)


def collect(
    seen: Iterable[UsablePhotograph | RefusedPhotograph], *, threshold: float
) -> Photographs:
    """Keep the best photographs that show one person.

    Args:
        seen: what `judge` said of each.
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
        RefusedPhotograph(photo.name, Refusal.INCONSISTENT)
        for index, photo in enumerate(usable)
        if index not in kept
    )
    best = sorted((usable[index] for index in kept), key=lambda photo: -photo.quality)
    found.used, found.left_over = best[:MAX_SAMPLES], len(best[MAX_SAMPLES:])
    return found


def why_nothing(photos: Photographs) -> str:
    """Why photographs gave no template."""
    if photos.is_contradictory:
        return "the photographs show different people"
    return "no usable photograph" if photos.refused else "no photograph"
