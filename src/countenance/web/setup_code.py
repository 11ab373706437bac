"""The one-time code that proves that whoever sets up can read the console or the home directory."""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path
from typing import Final

from countenance.errors import ConfigurationError

FILE_NAME: Final = "setup-code"


def ensure_setup_code(home: Path) -> str:
    """The code of this installation, made when there is none yet.

    Args:
        home: an existing directory; the code is kept in it, readable by its owner only.

    Raises: ConfigurationError: the code cannot be read or written.
    """
    path = home / FILE_NAME
    try:
        if kept := _read(path):
            return kept
        code = "-".join(secrets.token_hex(3) for _ in range(3))
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(code + "\n")
    except OSError as error:
        raise ConfigurationError(
            f"The set-up code {path} cannot be kept: {error.strerror or error}.",
            remedy="Free space or change the permissions of the home directory.",
        ) from error
    return code


def check_setup_code(home: Path, code: str) -> bool:
    """Whether this is the code, compared in constant time; False when there is none."""
    try:
        kept = _read(home / FILE_NAME)
    except OSError:
        return False
    return bool(kept) and hmac.compare_digest(kept.encode(), code.strip().encode())


def remove_setup_code(home: Path) -> None:
    """Forget the code; nothing happens when there is none."""
    (home / FILE_NAME).unlink(missing_ok=True)


def _read(path: Path) -> str:
    return path.read_text(encoding="ascii").strip() if path.exists() else ""
