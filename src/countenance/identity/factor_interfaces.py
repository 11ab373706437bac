"""What the factors beside password and face do, before how.

As in `interfaces`: every method may raise `StorageError`, and secrets are returned once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from countenance.identity.interfaces import UserId


class CodeOutcome(StrEnum):
    """What became of a typed code of an authenticator app."""

    RIGHT = "right"
    NONE = "totp_none"
    """No app is confirmed."""
    WRONG = "totp_wrong"
    """Wrong, too old, or used before."""
    LOCKED = "totp_locked"
    """Too many wrong ones in a row; even a right one is refused."""


class AuthenticatorApps(Protocol):
    """One authenticator app (TOTP, RFC 6238) for each user, its secret encrypted."""

    def begin(self, user_id: UserId) -> str:
        """A new secret, base32, to be shown; counts from its first right code on.

        An app that is in use stays until then; an earlier draft lapses.
        """

    def draft(self, user_id: UserId) -> str | None:
        """The secret that waits for its first code, or None.

        Raises: FactorUnreadableError: it cannot be decrypted.
        """

    def confirm(self, user_id: UserId, code: str) -> bool:
        """Put the draft into use; False when there is none or the code is not its.

        Raises: FactorUnreadableError.
        """

    def use(self, user_id: UserId, code: str) -> CodeOutcome:
        """Use a code up: no code is right twice, nor one that is older than a used one.

        Raises: FactorUnreadableError.
        """

    def unlock(self, user_id: UserId) -> None:
        """Forget wrong codes, since the user came in by another way."""

    def added_at(self, user_id: UserId) -> datetime | None:
        """When the app in use was confirmed; None when there is none."""

    def remove(self, user_id: UserId, *, actor: UserId | None) -> bool:
        """Forget app and draft; False when no app was in use."""


@dataclass(frozen=True, slots=True)
class RecoveryCodesLeft:
    """What may be shown of unused recovery codes."""

    count: int
    made_at: datetime


class RecoveryCodes(Protocol):
    """Codes to keep on paper; each works once."""

    def make(self, user_id: UserId) -> tuple[str, ...]:
        """New codes, returned once; all earlier ones lapse."""

    def use(self, user_id: UserId, code: str) -> bool:
        """Use a code up; of two that use one code, one is told False."""

    def left(self, user_id: UserId) -> RecoveryCodesLeft | None:
        """How many are unused; None when there are none."""

    def drop(self, user_id: UserId, *, actor: UserId | None) -> bool:
        """Forget them all; False when there were none."""
