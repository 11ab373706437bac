"""What administrators do for others, before how.

As in `interfaces`: every method may raise `StorageError`, and secrets are returned once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from countenance.identity.interfaces import User, UserId
from countenance.identity.permissions import Role


class InvitationReason(StrEnum):
    """Why somebody is to choose a password."""

    INVITED = "invited"
    """The user is new."""
    RESET = "reset"
    """The earlier password was taken away."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """A code that lets a user choose a password; the code itself is not in here."""

    user: User
    reason: InvitationReason
    expires_at: datetime


class Invitations(Protocol):
    """One-time codes with which people choose their own password, which nobody else ever knows."""

    def invite(
        self, *, name: str, display_name: str, role: Role, actor: UserId | None
    ) -> tuple[User, str]:
        """Add a user who has no password yet; returns the user and the code, once.

        Args:
            actor: who invites; None from the command line.

        Raises: NameTakenError, UnacceptableNameError.
        """

    def reset(self, user_id: UserId, *, actor: UserId | None) -> str:
        """Take a user's password away and end all sessions; returns the code for a new one, once.

        An earlier code lapses. For an invited user it is a new invitation.

        Raises: UserNotFoundError: also when the user is disabled.
        """

    def find(self, code: str) -> Invitation | None:
        """The invitation of a code in any case and spacing.

        None when it is unknown, used or expired, or its user is disabled.
        """

    def accept(self, code: str, *, password: str) -> User:
        """Set the password and use the code up; of two that use one code, one is refused.

        Raises: InvitationError: `find` would give None. WeakPasswordError: the code stays good.
        """
