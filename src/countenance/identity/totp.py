"""Time-based one-time passwords (RFC 6238): six digits, 30 s, SHA-1, as every app has them.

Pure: time comes in as an argument.
"""

from __future__ import annotations

import hmac
from typing import Final

import pyotp

STEP_S: Final = 30
WINDOW: Final = 1
"""Steps before and after the present one that still count, for clocks that differ."""
DIGITS: Final = 6
SECRET_CHARACTERS: Final = 32
"""Base32: 160 bits, the length of the hash (RFC 4226, section 4, R6)."""
ISSUER: Final = "Countenance"


def new_secret() -> str:
    """A random secret in base32."""
    return pyotp.random_base32(SECRET_CHARACTERS)


def matching_step(secret: str, code: str, *, now_s: float, after_step: int) -> int | None:
    """The time step whose code this is, or None.

    Args:
        secret: base32.
        code: as typed; blanks do not count.
        now_s: seconds since 1970, UTC.
        after_step: the newest step that was used; it and earlier ones are refused, so that
            nobody who saw a code uses it again (RFC 6238, section 5.2).
    """
    given = "".join(code.split())
    if len(given) != DIGITS or not (given.isascii() and given.isdigit()):
        return None
    machine, present = pyotp.TOTP(secret, digits=DIGITS, interval=STEP_S), int(now_s // STEP_S)
    found = None
    for step in range(max(0, present - WINDOW), present + WINDOW + 1):
        # All are compared, so that the time taken does not tell which one it was.
        is_same = hmac.compare_digest(machine.generate_otp(step), given)
        if is_same and step > after_step:
            found = step
    return found


def provisioning_uri(secret: str, *, name: str) -> str:
    """What the QR code says to an authenticator app (`otpauth://totp/...`)."""
    machine = pyotp.TOTP(secret, digits=DIGITS, interval=STEP_S)
    return machine.provisioning_uri(name=name, issuer_name=ISSUER)


def grouped(secret: str) -> str:
    """The secret in groups of four, to be typed.

    >>> grouped("ABCDEFGH")
    'ABCD EFGH'
    """
    return " ".join(secret[k : k + 4] for k in range(0, len(secret), 4))
