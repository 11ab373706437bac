"""Pictures that would be on both sides of a split under other names."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from countenance.datasets.errors import LeakError
from countenance.datasets.manifest import Presentation
from countenance.images.codec import read_image
from countenance.images.image import ColourOrder
from countenance.training.fingerprints import fingerprint, same_pictures
from countenance.training.pad_turns import HeldOut, Turns

_REMEDY = "Keep one of the two, or give both the same source in the manifest."


def refuse_copies(presentations: Sequence[Presentation], turns: Turns) -> None:
    """Stop where a file, or nearly the same picture, is trained with and judged.

    Between sources only identical files are looked for; between two folders, which are often two
    halves of one recording, also pictures that are nearly the same. Neighbouring blocks of time
    always hold such pictures: there nothing is refused, and the figures say what they are.

    Raises:
        LeakError: names both files.
        ImageError: a file cannot be read as an image; names it.
    """
    if turns.held_out is HeldOut.TIME:
        return
    digests = [digest_of(p.path) for p in presentations]
    for turn in turns.turns:
        trained = {digests[i]: presentations[i].path for i in np.flatnonzero(turn.trained).tolist()}
        for index in np.flatnonzero(turn.held).tolist():
            if digests[index] in trained:
                raise _leak(trained[digests[index]], presentations[index].path, "the same file")
    if turns.held_out is HeldOut.FOLDER:
        _refuse_near(presentations, turns)


def digest_of(path: Path) -> str:
    """SHA-256 of a file in hex.

    Raises: ImageError: it cannot be read; names it.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        read_image(path)  # tells in the words of its own errors why it cannot be read
        raise


def _refuse_near(presentations: Sequence[Presentation], turns: Turns) -> None:
    marks = np.stack([_fingerprint(p.path) for p in presentations])
    for turn in turns.turns:
        trained, held = np.flatnonzero(turn.trained), np.flatnonzero(turn.held)
        matches = same_pictures(marks[held], marks[trained])
        for index, match in zip(held.tolist(), matches.tolist(), strict=True):
            if match >= 0 and _tells(marks[index]):
                first = presentations[int(trained[match])].path
                raise _leak(first, presentations[index].path, "nearly the same picture")


def _fingerprint(path: Path) -> NDArray[np.uint8]:
    return fingerprint(read_image(path).to(ColourOrder.BGR))


def _tells(mark: NDArray[np.uint8]) -> bool:
    """Whether the picture has enough in it to be known again; an even one is like any other."""
    return bool(np.bitwise_count(mark).sum() >= 32)


def _leak(first: Path, second: Path, what: str) -> LeakError:
    return LeakError(
        f"{first} and {second} are {what}, one trained with and one held out.", remedy=_REMEDY
    )
