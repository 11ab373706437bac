"""What the factors beside password and face do, before how.

As in `interfaces`: every method may raise `StorageError`, and secrets are returned once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from countenance.identity.acts import Act
from countenance.identity.interfaces import UserId
from countenance.identity.relying_party import RelyingParty


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


@dataclass(frozen=True, slots=True)
class Passkey:
    """What may be shown of a passkey."""

    id: str
    """Ours; not the credential's."""
    name: str
    is_synced: bool
    """Whether it may live on several devices of its owner."""
    verifies: bool
    """Whether its authenticator has verified its user."""
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class PasskeyCall:
    """What a browser is asked."""

    token: str
    """Comes back with the answer; names the challenge, once."""
    options: Mapping[str, Any]
    """For `navigator.credentials`, bytes as base64url."""


@dataclass(frozen=True, slots=True)
class PasskeyUse:
    """A passkey that answered its challenge."""

    user_id: UserId
    is_verified: bool
    """Whether the authenticator verified its user."""


class PasskeyRefusal(StrEnum):
    """Why an answer counts for nothing."""

    NOT_ASKED = "passkey_not_asked"
    """No challenge waits for it: too late, used, or of somebody else."""
    UNKNOWN = "passkey_unknown"
    """No enabled user has that passkey, or another one than was asked."""
    WRONG = "passkey_wrong"
    """Signature, origin or what the authenticator vouches for is not right."""
    COUNTER = "passkey_counter"
    """Its counter did not rise: a copy may be in use."""
    KNOWN = "passkey_known"
    """It is registered already, or the user has as many as there may be."""


class Passkeys(Protocol):
    """WebAuthn credentials of users.

    A challenge is kept here, lapses within minutes, and is used up by its first answer, right or
    wrong.
    """

    def begin_registration(self, user_id: UserId, party: RelyingParty) -> PasskeyCall:
        """Ask for a new passkey. Raises: UserNotFoundError."""

    def finish_registration(
        self,
        user_id: UserId,
        party: RelyingParty,
        *,
        token: str,
        answer: Mapping[str, Any],
        name: str,
    ) -> Passkey | PasskeyRefusal:
        """Keep the passkey that answered."""

    def begin_use(
        self, user_id: UserId | None, party: RelyingParty, *, must_verify: bool
    ) -> PasskeyCall:
        """Ask for a passkey of that user, or for any that says itself whose it is.

        Args: must_verify: whether its authenticator has to verify its user.
        """

    def finish_use(
        self,
        user_id: UserId | None,
        party: RelyingParty,
        *,
        token: str,
        answer: Mapping[str, Any],
    ) -> PasskeyUse | PasskeyRefusal:
        """Check an answer; `user_id` is that of the call."""

    def list_passkeys(self, user_id: UserId) -> tuple[Passkey, ...]:
        """The user's passkeys, oldest first."""

    def rename(self, passkey_id: str, user_id: UserId, *, name: str) -> bool:
        """Call it something else; False when the user has no such passkey."""

    def remove(self, passkey_id: str, user_id: UserId, *, actor: UserId | None) -> bool:
        """Forget it; False when the user has no such passkey."""


class StepUp(Protocol):
    """Confirmations of single acts during a session."""

    def issue(self, user_id: UserId, *, session_id: str, act_digest: str) -> str:
        """A token for one act, after the user has just shown who they are; returned once.

        Raises: StorageError: also when the session has ended meanwhile.
        """

    def is_good(self, token: str, act: Act, *, user_id: UserId, session_id: str) -> bool:
        """Whether `redeem` would succeed now; changes nothing."""

    def redeem(self, token: str, act: Act, *, user_id: UserId, session_id: str) -> bool:
        """Use a token up.

        False, and nothing used, when it is unknown, used, expired, or of another act, user or
        session. Two redemptions of one token never both succeed.
        """
