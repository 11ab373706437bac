"""The key that signs form cookies, derived from the master key for this one use."""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from countenance.bootstrap import Container
from countenance.errors import ConfigurationError

_USE: Final = b"countenance/web-forms/1"


def form_key(container: Container) -> bytes:
    """32 bytes that stay the same over restarts (HKDF-SHA-256, RFC 5869).

    Raises: ConfigurationError: the master key cannot be read.
    """
    _ = container.identity  # makes the master key of a new installation, or refuses a wrong one
    settings = container.settings
    path = settings.home / "keys" / "master.key"
    try:
        digits = settings.master_key or path.read_text(encoding="ascii")
        master = bytes.fromhex(digits.strip())
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"The master key cannot be read from {path}.", remedy="Restore it from a backup."
        ) from error
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=_USE).derive(master)
