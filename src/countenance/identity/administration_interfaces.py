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
from countenance.identity.api_scopes import Scope
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


@dataclass(frozen=True, slots=True)
class ApiToken:
    """What may be shown of a token of the API; never its secret."""

    id: str
    """Not secret; names the token in the trail."""
    name: str
    """What uses it, in the words of whoever made it."""
    scopes: frozenset[Scope]
    """As given."""
    usable_scopes: frozenset[Scope]
    """Of them, those for which the maker's role still has the permissions."""
    maker: User
    """Whom it acts for."""
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    """A minute coarse; None for never."""
    revoked_at: datetime | None
    is_expired: bool
    is_good: bool
    """Whether it works now: neither expired nor revoked, its maker enabled and allowed to have
    tokens."""


class ApiTokens(Protocol):
    """Tokens with which programs ask the API.

    A token never outgrows its maker: it works while that person is enabled and may manage tokens,
    and no further than that person's role. Removing the person removes it.
    """

    def make(
        self,
        *,
        name: str,
        scopes: Collection[Scope],
        days: int,
        maker: UserId,
        is_command_line: bool = False,
    ) -> tuple[ApiToken, str]:
        """Make one; returns it and its text, once.

        Args:
            name: says what uses it; 1..64 printable characters.
            days: how long it is good, 1..365.
            maker: whom it acts for.
            is_command_line: whether it was made there, and not by that person.

        Raises: UnfitTokenError, UserNotFoundError, NotPermittedError: the maker may not have it.
        """

    def find(self, text: str) -> ApiToken | None:
        """The good token of that text, whose use is noted; None for anything else.

        Args: text: what a program sent; may be anything.
        """

    def get(self, token_id: str) -> ApiToken:
        """Good or not. Raises: TokenNotFoundError."""

    def list_tokens(self) -> tuple[ApiToken, ...]:
        """All that are kept, newest first; those that work no more for a year."""

    def revoke(self, token_id: str, *, actor: UserId | None) -> bool:
        """End it at once; False when it was revoked before.

        Raises: TokenNotFoundError.
        """
