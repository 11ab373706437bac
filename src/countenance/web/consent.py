"""The words that somebody agrees to before a face is enrolled."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from countenance.errors import ConfigurationError

MAX_BYTES: Final = 20_000
SHIPPED: Final = """
This server will learn to recognise your face. The camera takes up to ten frames; of each it keeps
a row of 128 numbers, never the picture. The rows are encrypted with a key of your own and used for
one thing: to check, when somebody logs in with your name and password, that it is you.

The rows stay until you erase them, which you can do at any time under “Your account”, or until
your account is removed. Erasing ends this agreement. Nobody else receives them.

You need not agree. Without a face you log in with a passkey, an authenticator app or a code from
an administrator, and have no disadvantage from it.
"""


@dataclass(frozen=True, slots=True)
class ConsentText:
    """Paragraphs, and the SHA-256 that tells them from other ones."""

    paragraphs: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """64 lowercase hex digits."""
        return hashlib.sha256("\n\n".join(self.paragraphs).encode()).hexdigest()


def read_consent_text(path: str) -> ConsentText:
    """The words of a file, or the ones that come with the product.

    Args: path: of a UTF-8 text whose paragraphs are apart by empty lines; empty for the shipped.
    Raises: ConfigurationError: it cannot be read, is empty or larger than `MAX_BYTES`.
    """
    text = SHIPPED if not path else _read(Path(path))
    paragraphs = tuple(" ".join(part.split()) for part in text.split("\n\n") if part.strip())
    if not paragraphs or len(text.encode()) > MAX_BYTES:
        raise ConfigurationError(
            f"{path} holds no words to agree to, or more than {MAX_BYTES} bytes.",
            remedy="Write a few paragraphs, or unset COUNTENANCE_CONSENT_FILE.",
        )
    return ConsentText(paragraphs)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"COUNTENANCE_CONSENT_FILE names {path}, which cannot be read as text: {error}.",
            remedy="Check the path, or unset it to take the shipped words.",
        ) from error
