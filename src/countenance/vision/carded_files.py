"""Reading a JSON card, and the model file that lies beside it, once each is known to be whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from countenance.vision.errors import ModelAlteredError, ModelInvalidError, ModelMissingError
from countenance.vision.pins import check_pin

Card = TypeVar("Card")


def read_card_file(
    path: Path,
    *,
    parse: Callable[[Any], Card],
    max_bytes: int,
    missing_remedy: str,
    invalid_remedy: str,
    check: Callable[[Path, bytes], None] = check_pin,
) -> Card:
    """Read and check a card.

    Args:
        path: of the JSON file.
        parse: makes the card of the decoded JSON; a ValueError, KeyError, TypeError or
            AttributeError of it says that the card makes no sense.
        max_bytes: what lies beyond is not read, so that a longer file is no JSON.
        missing_remedy: what to do when it cannot be read.
        invalid_remedy: what to do when it makes no sense.
        check: is given path and content before anything is made of them; raises what does not fit.

    Raises:
        ModelMissingError: the file cannot be read.
        ModelInvalidError: it is no such card.
        ModelAlteredError: it comes with the product and is not as it came.
    """
    try:
        with path.open("rb") as file:
            content = file.read(max_bytes)
    except OSError as error:
        raise ModelMissingError(
            f"The card {path} cannot be read: {error.strerror or error}.", remedy=missing_remedy
        ) from error
    check(path, content)
    try:
        return parse(json.loads(content))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelInvalidError(
            f"The card {path} is not usable: {error}.", remedy=invalid_remedy
        ) from error


def read_carded_model(path: Path, *, sha256: str, kind: str, source: str) -> bytes:
    """The content of the model file of a card, once it is known to be the one that it means.

    Args:
        path: of the model.
        sha256: of its card, 64 lowercase hex digits.
        kind: what errors call it, such as `detector`.
        source: how to get it again, such as `train it again`.

    Raises:
        ModelMissingError: it cannot be read.
        ModelAlteredError: it has another SHA-256.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelMissingError(
            f"The {kind} {path} cannot be read: {error.strerror or error}.",
            remedy=f"Put the file that belongs to the card beside it, or {source}.",
        ) from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ModelAlteredError(
            f"The {kind} {path} is not the file its card describes.",
            remedy=f"Restore the file, or {source}; it was not loaded.",
        )
    return content
