"""Whose face a synthetic print or mask shows.

Somebody of the same source, or of a folder of photographs that are nobody's presentation: so an
attack that is drawn for training shows nobody who is held out. Attackers print what they find, and
that is rather a posed photograph than a frame of the victim's own webcam.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from countenance.datasets.errors import LeakError
from countenance.datasets.manifest import IMAGE_SUFFIXES, Kind, Presentation
from countenance.images.codec import read_image
from countenance.training.errors import TrainingDataError

SHARE_OF_PHOTOGRAPHS = 0.5
"""Of the synthetic attacks, those that show somebody of the folder where there is one."""


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A file and the digest of what it holds."""

    path: Path
    sha256: str


def picture_file(path: Path) -> PictureFile:
    """Raises: ImageError: it cannot be read; names it."""
    try:
        return PictureFile(path, hashlib.sha256(path.read_bytes()).hexdigest())
    except OSError:
        read_image(path)  # tells in the words of its own errors why it cannot be read
        raise


def photographs_in(folder: Path) -> tuple[Path, ...]:
    """Return the images of a folder and of the folders in it, in the order of their names.

    Raises: TrainingDataError: there is none.
    """
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES)
    if not found:
        raise TrainingDataError(
            f"{folder} holds no image ({', '.join(sorted(IMAGE_SUFFIXES))}).",
            remedy="Name a folder with photographs of faces, or leave --photographs away.",
        )
    return tuple(found)


def digest_of_all(photographs: Iterable[Path]) -> str:
    """Return 16 hexadecimal digits that change with any of the files; "none" without any.

    Raises: ImageError: one cannot be read; names it.
    """
    digests = [picture_file(path).sha256 for path in photographs]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()[:16] if digests else "none"


class Donors:
    """Chooses for each bona fide full frame who is printed."""

    def __init__(
        self,
        presentations: Iterable[Presentation],
        files: Sequence[PictureFile],
        photographs: Iterable[Path],
    ) -> None:
        """Args: files: those of the presentations, in their order.

        Raises:
            ImageError: a photograph cannot be read.
            LeakError: a photograph is also a presentation; names it.
        """
        self._photographs = [picture_file(path) for path in photographs]
        self._of_source: dict[str, list[PictureFile]] = {}
        for p, file in zip(presentations, files, strict=True):
            if _is_scene(p):
                self._of_source.setdefault(p.source, []).append(file)
        _refuse_presented(self._photographs, files)

    def draw(
        self, p: Presentation, file: PictureFile, *, count: int, rng: np.random.Generator
    ) -> list[PictureFile]:
        """Return `count` files with a face to print; none unless `p` is a bona fide full frame."""
        if not _is_scene(p):
            return []
        siblings = [s for s in self._of_source[p.source] if s.sha256 != file.sha256] or [file]
        return [self._one(siblings, rng) for _ in range(count)]

    def _one(self, siblings: Sequence[PictureFile], rng: np.random.Generator) -> PictureFile:
        is_photograph = bool(self._photographs) and rng.random() < SHARE_OF_PHOTOGRAPHS
        chosen = self._photographs if is_photograph else siblings
        return chosen[int(rng.integers(len(chosen)))]


def _is_scene(p: Presentation) -> bool:
    return p.is_bona_fide and p.kind is Kind.FULL_FRAME


def _refuse_presented(photographs: Iterable[PictureFile], presented: Iterable[PictureFile]) -> None:
    known = {file.sha256 for file in presented}
    both = [file.path for file in photographs if file.sha256 in known]
    if both:
        raise LeakError(
            f"{both[0]} is a presentation of the set and a photograph to be printed.",
            remedy="Leave such pictures out of the folder of photographs.",
        )
