"""Passwords that an operator refuses: a list of breached ones, of any length.

Kept as the first 64 bits of SHA-1, sorted: 8 bytes for each, so that a million takes 8 MB. Among
so many, one harmless password in 18 million million is refused too.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from countenance.errors import ConfigurationError
from countenance.identity.names import fold

_BYTES: Final = 8
_HASHED: Final = re.compile(rb"[0-9A-Fa-f]{40}(:[0-9]+)?")
"""A line of the lists of Have I Been Pwned: SHA-1, and how often it was seen."""


class Blocklist:
    """The passwords of one file; read when the first password is asked about."""

    def __init__(self, path: Path) -> None:
        """Args: path: text, one password or SHA-1 a line; case does not matter for passwords.

        Raises: ConfigurationError: it cannot be read.
        """
        self._path = path
        try:
            with path.open("rb"):
                pass
        except OSError as error:
            raise ConfigurationError(
                f"The list of refused passwords {path} cannot be read: {error.strerror}.",
                remedy="Check COUNTENANCE_PASSWORD_BLOCKLIST and the permissions of the file.",
            ) from error

    def __contains__(self, password: object) -> bool:
        """Whether the password is on the list, as it is typed or in another case."""
        if not isinstance(password, str):
            return False
        asked = {_key(password), _key(fold(password))}
        return any(self._has(key) for key in asked)

    def _has(self, key: int) -> bool:
        place = int(np.searchsorted(self._keys, np.uint64(key)))
        return place < len(self._keys) and int(self._keys[place]) == key

    @cached_property
    def _keys(self) -> NDArray[np.uint64]:
        """(N,) uint64, rising, each once."""
        return np.unique(np.fromiter(self._read(), dtype=np.uint64))

    def _read(self) -> Iterator[int]:
        with self._path.open("rb") as file:
            for line in file:
                text = line.strip(b"\r\n")
                if _HASHED.fullmatch(text):
                    yield int(text[: 2 * _BYTES], 16)
                elif text:
                    yield _key(fold(text.decode("utf-8", "replace")))


def _key(password: str) -> int:
    # SHA-1 only finds a password in a list that is no secret; it protects nothing.
    made = hashlib.sha1(password.encode("utf-8", "surrogatepass"), usedforsecurity=False)
    return int.from_bytes(made.digest()[:_BYTES], "big")
