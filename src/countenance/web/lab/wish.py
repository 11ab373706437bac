"""The first message of a lab conversation: what is to be done, with what."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from countenance.datasets.dataset_folder import Declared
from countenance.datasets.names import NAME_RULE, is_plain_name
from countenance.pad.species import PaiSpecies
from countenance.web.lab.errors import LabRequestError

MAX_WISH_BYTES: Final = 4096
MAX_FILE_BYTES: Final = 256_000_000
"""Of one upload; longer recordings are collected on the command line."""
MAX_SECONDS: Final = 120
MAX_PICTURES: Final = 500
"""Of one take: more of one session teaches a detector little."""
MAX_NOTE: Final = 200


@dataclass(frozen=True, slots=True)
class FileOffer:
    """A file that the browser would send."""

    name: str
    """As the person knows it; says nothing of what it is."""
    size_bytes: int


@dataclass(frozen=True, slots=True)
class CollectWish:
    """Presentations that are to be kept."""

    dataset: str
    declared: Declared
    note: str
    seconds: float
    """Of the camera, at most."""
    pictures: int
    """At most."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done."""

    file: FileOffer | None
    """None: the camera."""
    collect: CollectWish | None
    """None: only looked at, nothing is kept."""


def parse_wish(message: bytes | str) -> Wish:
    """Understand the first message.

    Raises: LabRequestError: it is none, or a field is missing or wrong; says which.
    """
    if isinstance(message, bytes) or len(message) > MAX_WISH_BYTES:
        raise _unclear("The first message says in JSON what is to be done.")
    try:
        content = json.loads(message)
    except (ValueError, RecursionError):
        raise _unclear("The first message is no JSON.") from None
    if not isinstance(content, dict) or content.get("do") not in ("try", "collect"):
        raise _unclear("'do' has to be try or collect.")
    return Wish(
        file=_file(content) if content.get("from") == "file" else None,
        collect=_collect(content) if content["do"] == "collect" else None,
    )


def _unclear(message: str) -> LabRequestError:
    return LabRequestError(message, remedy="Reload the page and try again.")


def _file(content: Mapping[str, Any]) -> FileOffer:
    name, size = _text(content, "name"), content.get("size")
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise LabRequestError("The file is empty.", remedy="Choose a picture or a video.")
    if size > MAX_FILE_BYTES:
        raise LabRequestError(
            f"The file is too large; at most {MAX_FILE_BYTES // 1_000_000} MB are taken.",
            remedy="Cut the recording shorter, or collect it with: countenance pad collect",
        )
    return FileOffer(name[:120] or "file", size)


def _collect(content: Mapping[str, Any]) -> CollectWish:
    if content.get("agreed") is not True:
        raise LabRequestError(
            "Nothing is collected of somebody who has not agreed.",
            remedy="Ask the person, then tick the box.",
        )
    return CollectWish(
        dataset=_text(content, "dataset"),
        declared=declared_by(
            label=_text(content, "label"),
            species=_text(content, "species"),
            subject=_text(content, "subject"),
            source=_text(content, "source"),
        ),
        note=_text(content, "note")[:MAX_NOTE],
        seconds=_number(content, "seconds", MAX_SECONDS),
        pictures=int(_number(content, "pictures", MAX_PICTURES)),
    )


def declared_by(*, label: str, species: str, subject: str, source: str) -> Declared:
    """What is presented, once every word of it is right.

    Raises: LabRequestError: one is not; says which.
    """
    for what, name in (("subject", subject), ("source", source)):
        if not is_plain_name(name):
            raise LabRequestError(f"The {what} {name!r} is no name: {NAME_RULE}.")
    if label not in {"bona_fide", "attack"}:
        raise LabRequestError("Say whether a person or an attack is before the camera.")
    if label == "attack" and species not in set(PaiSpecies):
        raise LabRequestError("An attack needs its kind: what is held before the camera?")
    return Declared(source, subject, PaiSpecies(species) if label == "attack" else None)


def _text(content: Mapping[str, Any], name: str) -> str:
    value = content.get(name, "")
    if not isinstance(value, str) or not value.isprintable():
        raise LabRequestError(f"The field {name} is no plain text.")
    return value.strip()


def _number(content: Mapping[str, Any], name: str, most: int) -> float:
    value = content.get(name, most)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= most:
        raise LabRequestError(f"The field {name} takes a number from 1 to {most}.")
    return float(value)
