"""Secrets that are handed out once, and the forms in which they are kept."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Characters that are hard to take for one another: no 0 O, 1 I L, U."""
GROUP: Final = 5


def new_token() -> str:
    """256 random bits, URL-safe."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """SHA-256 in hex: what is stored of a token, ticket or other long random secret."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def new_code(groups: int) -> str:
    """Random groups of five characters to read out and type, such as `7KQ2M-X9TBA`.

    Each group has 24.5 bits.
    """
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(GROUP)) for _ in range(groups))


def bare_code(text: str) -> str:
    """A typed code without case, blanks and dashes."""
    return "".join(c for c in text.upper() if c.isalnum())
