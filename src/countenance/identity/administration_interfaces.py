"""What administrators do for others, before how.

As in `interfaces`: every method may raise `StorageError`, and secrets are returned once.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from countenance.biometrics.templates import Template
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


@dataclass(frozen=True, slots=True)
class PendingFace:
    """A face that one person enrolled for another and that does not count yet."""

    id: str
    """Of this enrolment; whoever agrees says to which one."""
    user_id: UserId
    """Whose face it is to be."""
    enrolled_by: UserId
    samples: int
    pack: str
    enrolled_at: datetime


class PendingFaces(Protocol):
    """Four eyes on every face that is enrolled by somebody else.

    It takes a second person, or its owner, until such a face opens anything. Until then it
    replaces nothing: a face that was there before stays good.
    """

    def propose(self, user_id: UserId, template: Template, *, actor: UserId) -> None:
        """Keep a face, encrypted, until somebody decides; an earlier one that waits goes.

        Args:
            actor: who enrolled it; never the user.

        Raises: UserNotFoundError.
        """

    def find(self, user_id: UserId) -> PendingFace | None:
        """The face that waits for a decision, or None."""

    def among(self, user_ids: Collection[UserId]) -> frozenset[UserId]:
        """Those of the users for whom a face waits."""

    def approve(self, user_id: UserId, face_id: str, *, actor: UserId | None) -> None:
        """Let it count, in the place of an earlier face.

        Args:
            face_id: `PendingFace.id` that was looked at; another one is not approved by it.
            actor: who agrees; None from the command line.

        Raises:
            OwnApprovalError: the actor enrolled it, or it is the actor's own.
            NoPendingFaceError: it was decided, or replaced, meanwhile.
        """

    def confirm(self, user_id: UserId, face_id: str) -> None:
        """Let it count because its owner says so, who has just given the password.

        Raises: NoPendingFaceError.
        """

    def reject(self, user_id: UserId, face_id: str, *, actor: UserId | None) -> None:
        """Erase it. Raises: NoPendingFaceError."""
