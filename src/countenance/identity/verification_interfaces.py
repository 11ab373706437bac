"""Verifications: another app asks whether the person before its page is a certain user.

The app's own server begins one and is given a client secret for the page; the page runs the
capture with it; the server, and nobody else, is told how it went. Nothing of it opens this door.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, NewType, Protocol

from countenance.ceremony.verdict import Verdict
from countenance.identity.interfaces import Transaction, UserId

VerificationId = NewType("VerificationId", str)
"""A random UUID as text. Not secret: alone it opens nothing."""


class VerificationState(StrEnum):
    """How far a verification is."""

    PENDING = "pending"
    """No try was granted yet, and a further one may follow."""
    GRANTED = "granted"
    REFUSED = "refused"
    """Every try was refused."""
    EXPIRED = "expired"
    """Its time passed without a grant."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an app asks for."""

    user_id: UserId | None
    """Whom to verify; None for somebody who cannot be, who is then refused like a stranger."""
    subject: str
    """Whom tries count for (`Throttles.subject`)."""
    owner: str
    """Id of the API token that asks; only it is told the result."""
    origin: str
    """Of the page that runs the capture, as its browser names it."""
    reference: str
    """What the app calls it; handed back as it came."""
    policy: str
    """`ceremony.policy.PolicyName` of the capture."""


class Begun(NamedTuple):
    """A verification that was begun; told once."""

    id: VerificationId
    client_secret: str
    """256 random bits for the page; stored as a digest only."""
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Verification:
    """One that may still be captured."""

    id: VerificationId
    owner: str
    origin: str
    subject: str
    policy: str

    @property
    def told(self) -> dict[str, str]:
        """What the trail says of it."""
        return {"origin": self.origin, "token": self.owner}


@dataclass(frozen=True, slots=True)
class Result:
    """What the app that asked is told."""

    id: VerificationId
    state: VerificationState
    user_id: UserId | None
    """Who was verified; None until then."""
    reference: str
    policy: str
    created_at: datetime
    expires_at: datetime
    granted_at: datetime | None
    """None unless granted."""


class Verifications(Protocol):
    """Verifications and their capture tickets."""

    def begin(self, wanted: Wanted, *, address: str) -> Begun:
        """Begin one. Raises: UserNotFoundError: the user is gone or disabled."""

    def origin_of(self, verification_id: str) -> str | None:
        """Whose page may speak of it; None when it is not known, or over since long."""

    def find(self, verification_id: str, client_secret: str) -> Verification | None:
        """One that may be captured; None when it is over, or the secret is not its own."""

    def issue_ticket(self, verification_id: str, client_secret: str) -> str | None:
        """A ticket for one capture; earlier unused ones lapse. None as for `find`."""

    def of_ticket(self, ticket: str) -> Verification | None:
        """The verification that a ticket is for, unused or not; None when it is for none."""

    def redeem_ticket(self, ticket: str, *, address: str) -> Transaction:
        """Use a ticket.

        Args: address: of the browser, for the trail.
        Raises: TicketError: unknown, expired, used, or not of a verification.
        """

    def finish(self, transaction_id: str, verdict: Verdict) -> Transaction:
        """Note the verdict of a capture; a grant is written to the trail with it.

        Raises: TicketError: it is gone.
        """

    def result(self, verification_id: str, *, owner: str) -> Result | None:
        """How it stands; None when that token has begun no such one, or it is over since long."""

    def take(self, verification_id: str, *, owner: str) -> Result | None:
        """`result`, told for the last time: of two that race, one is told None."""
