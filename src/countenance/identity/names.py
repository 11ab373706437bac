"""Login and display names."""

from __future__ import annotations

import unicodedata
from typing import Final

from countenance.identity.errors import UnacceptableNameError

MAX_NAME: Final = 64
MAX_DISPLAY_NAME: Final = 100
_MARKS: Final = frozenset("._-@")


def login_name(text: str) -> str:
    """The one form of a login name: NFKC, case-folded, without blanks around it.

    Letters and digits of any script and `. _ - @`; begins with a letter or digit; 1 to 64
    characters. A name in this form is its own login name.

    Raises: UnacceptableNameError.
    """
    name = fold(text.strip())
    if not 1 <= len(name) <= MAX_NAME:
        raise UnacceptableNameError(
            "The name is empty." if not name else "The name is too long.",
            remedy=f"Take 1 to {MAX_NAME} letters or digits.",
        )
    if fold(name) != name or not name[0].isalnum() or not all(_is_allowed(c) for c in name):
        raise UnacceptableNameError(
            "The name has characters that cannot be used.",
            remedy="Begin with a letter or digit; then letters, digits and . _ - @ may follow.",
        )
    return name


def display_name(text: str, *, fallback: str) -> str:
    """A name to show: NFC, single blanks, nothing invisible; `fallback` when there is none.

    Raises: UnacceptableNameError.
    """
    name = " ".join(unicodedata.normalize("NFC", text).split()) or fallback
    if len(name) > MAX_DISPLAY_NAME:
        raise UnacceptableNameError(
            "The display name is too long.", remedy=f"Take at most {MAX_DISPLAY_NAME} characters."
        )
    if not name.isprintable():
        raise UnacceptableNameError(
            "The display name has invisible characters.", remedy="Type the name anew."
        )
    return name


def fold(text: str) -> str:
    """A form in which texts that differ by case or compatibility characters are equal."""
    once = unicodedata.normalize("NFKC", text).casefold()
    # Folding may undo the normal form, and that form bring back capitals.
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", once).casefold())


def _is_allowed(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] == "L" or category in ("Nd", "Mn", "Mc") or character in _MARKS
