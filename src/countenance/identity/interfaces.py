"""What identity does, before how.

Every method may raise `StorageError` when the database is away or full; a caller that decides
about a login then refuses. Tokens, tickets and codes are returned once and stored as SHA-256 only.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple, NewType, Protocol

from countenance.biometrics.identification import Gallery
from countenance.biometrics.templates import Template
from countenance.ceremony.verdict import Verdict
from countenance.events import Tag
from countenance.identity.factor_policy import Factor
from countenance.identity.permissions import Permission, may
from countenance.identity.permissions import Role as Role  # noqa: PLC0414 - handed on: a user has one
from countenance.pad.camera import CameraScores

UserId = NewType("UserId", str)
"""A random UUID as text; never reused."""
NOBODY: Final = UserId("00000000-0000-0000-0000-000000000000")
"""No user has this id: stands for whoever was named and does not exist, or may not come in."""
DeviceId = NewType("DeviceId", str)
"""A random UUID as text; never reused. Stays the same while the browser's token changes."""


@dataclass(frozen=True, slots=True)
class FaceSummary:
    """What may be shown of an enrolled face."""

    samples: int
    pack: str
    """Model pack that made it; another one than the engine's asks for enrolment anew."""
    enrolled_at: datetime


@dataclass(frozen=True, slots=True)
class User:
    """A person who may log in."""

    id: UserId
    name: str
    """Login name: lower case, unique."""
    display_name: str
    role: Role
    is_enabled: bool
    must_change_password: bool
    """Whether the password was set by somebody else."""
    face: FaceSummary | None
    created_at: datetime
    last_login_at: datetime | None
    has_password: bool = True
    """False for whoever is to choose one with a code, see `administration_interfaces`."""

    def may(self, permission: Permission) -> bool:
        """Whether this person's role has that permission."""
        return may(self.role, permission)


class UserState(StrEnum):
    """Whether a user may come in."""

    ENABLED = "enabled"
    """Has a password and may come in."""
    WAITING = "waiting"
    """Enabled, but has no password yet: invited, or the password was reset."""
    DISABLED = "disabled"


class FaceState(StrEnum):
    """What there is of a user's face."""

    ENROLLED = "enrolled"
    OTHER_PACK = "other_pack"
    """Made by another model pack than the one that was asked about; to be enrolled again."""
    PENDING = "pending"
    """A face enrolled by somebody else waits for approval, beside an earlier one or none."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class UserFilter:
    """Which users a list shows; what is left at its default leaves nobody out."""

    search: str = ""
    """Part of the login or display name, in any case; no wildcards."""
    role: Role | None = None
    state: UserState | None = None
    face: FaceState | None = None
    pack: str = ""
    """The model pack in use; tells `ENROLLED` from `OTHER_PACK`. Empty takes every pack's faces
    as enrolled."""


@dataclass(frozen=True, slots=True)
class UserPage:
    """One page of a list of users."""

    users: tuple[User, ...]
    total: int
    """Users that fit the filter, on all pages."""
    enrolled: int
    """Of them, users with a face."""
    has_before: bool = False
    """Whether users come before the first of this page."""
    has_after: bool = False
    """Whether users come after the last of this page."""


EVERY_USER: Final = UserFilter()


class Users(Protocol):
    """The people."""

    def is_set_up(self) -> bool:
        """Whether the first administrator exists."""

    def set_up(self, *, name: str, display_name: str, password: str) -> User:
        """Make the first administrator.

        Raises: AlreadySetUpError (also when two setups race), UnacceptableNameError,
            WeakPasswordError.
        """

    def add(
        self, *, name: str, display_name: str, password: str, role: Role, actor: UserId | None
    ) -> User:
        """Add a user whose password was chosen by somebody else (`must_change_password`).

        Args:
            actor: who adds; None from the command line.

        Raises: NameTakenError, UnacceptableNameError, WeakPasswordError.
        """

    def get(self, user_id: UserId) -> User:
        """Raises: UserNotFoundError."""

    def find(self, name: str) -> User | None:
        """The user of that login name in any case, or None."""

    def list_users(
        self,
        fits: UserFilter = EVERY_USER,
        *,
        after: str | None = None,
        before: str | None = None,
        limit: int = 50,
    ) -> UserPage:
        """Users in the order of their login names.

        Pages go by name and not by number: a page costs the same wherever it lies, and nobody is
        shown twice or left out when somebody is added meanwhile.

        Args:
            after: the page that begins after this login name.
            before: the page that ends before this login name; not together with `after`.
            limit: most users on the page.
        """

    def names(self, user_ids: Collection[UserId]) -> Mapping[UserId, str]:
        """Display names by id; removed users are not among them."""

    def count_faces(self) -> Mapping[str, int]:
        """How many users have a face, by the model pack that made it; no pack with none."""

    def rename(self, user_id: UserId, display_name: str, *, actor: UserId | None) -> User:
        """Give another display name; the login name stays. The same one changes nothing.

        Args: display_name: empty takes the login name.
        Raises: UnacceptableNameError.
        """

    def set_enabled(self, user_id: UserId, *, enabled: bool, actor: UserId | None) -> User:
        """Disable (ends all sessions) or enable. Raises: LastAdministratorError."""

    def set_role(self, user_id: UserId, role: Role, *, actor: UserId | None) -> User:
        """Give another role; ends all sessions, so that the old one is nowhere in use any more.

        The role that the user already has changes nothing.

        Args:
            actor: who does it; None from the command line.

        Raises: OwnRoleError: the actor is the user. LastAdministratorError.
        """

    def remove(self, user_id: UserId, *, actor: UserId | None) -> None:
        """Remove a user with template, sessions and keys. Raises: LastAdministratorError."""


class Passwords(Protocol):
    """Passwords, hashed with argon2id."""

    def verify(self, *, name: str, password: str) -> User | None:
        """The enabled user whose password this is, or None.

        Unknown and disabled users cost the same time as known ones.
        """

    def verify_for(self, user_id: UserId, *, password: str) -> bool:
        """Whether this is the user's password; to confirm an act."""

    def change(self, user_id: UserId, *, password: str) -> None:
        """Set the own password; ends no session. Raises: WeakPasswordError."""


class TemplateVault(Protocol):
    """Encrypted templates (AES-256-GCM, a data key per user under the master key)."""

    def store(self, user_id: UserId, template: Template, *, actor: UserId | None) -> None:
        """Put the template in the place of an earlier one, under a new data key."""

    def load(self, user_id: UserId) -> Template | None:
        """The template, or None. Raises: TemplateUnreadableError."""

    def erase(self, user_id: UserId, *, actor: UserId | None) -> bool:
        """Drop template and data key; False when there was none."""


class Enrolled(NamedTuple):
    """The enrolled faces of one pack at one moment."""

    gallery: Gallery
    """By user id; enabled and disabled users."""
    unreadable: frozenset[UserId]
    """Users whose template cannot be decrypted; they are not in the gallery."""


class EnrolledFaces(Protocol):
    """Everybody's templates, for 1:N comparison."""

    def of_pack(self, pack: str) -> Enrolled:
        """The faces as they are now; the first call decrypts all, later ones what changed."""

    def follow(self) -> None:
        """Bring what is held in memory up to date; forgets it when the database is away."""


@dataclass(frozen=True, slots=True)
class Device:
    """A browser that one user has logged in with.

    A browser that several people use is a device of each of them, with ids of their own: what is
    kept of one (tries, calibration, sessions) says nothing about another.
    """

    id: DeviceId
    """Not the token; may be shown and logged."""
    user_id: UserId
    label: str
    """Such as "Firefox on Linux", or what the user calls it; 1..64 printable characters."""
    created_at: datetime
    """Of the first login there."""
    last_seen_at: datetime
    """Of the newest login there."""


class Remembered(NamedTuple):
    """What a login leaves of the browser it was made with."""

    token: str
    """For the browser's cookie, in the place of the one it sent."""
    device: Device
    is_new: bool
    """Whether the user never logged in with this browser before, or so long ago that it lapsed."""


class Devices(Protocol):
    """The browsers that people have logged in with.

    A token says which browser asks, never who: it opens nothing, and counts only together with
    the user it is asked about. Take what `find` gives as the key for whatever belongs to a user
    on a browser, and None as the one bucket of all unknown browsers.
    """

    def find(self, token: str, user_id: UserId) -> Device | None:
        """The device of that user, or None: unknown, of others only, forgotten or lapsed.

        Args:
            token: what the browser sent; may be anything, also empty.
        """

    def remember(
        self, token: str | None, user_id: UserId, *, label: str, address: str = ""
    ) -> Remembered:
        """Note that the user has completed a login with a browser.

        Call it only then. The token is exchanged for a new one, for all users of the browser;
        one that is not known is never taken over.

        Args:
            token: what the browser sent; None or empty when it sent none.
            label: what to call a browser that is new to the user; otherwise not looked at.
            address: for the audit row of a new device.

        Raises: UserNotFoundError.
        """

    def list_devices(self, user_id: UserId) -> tuple[Device, ...]:
        """The user's devices, latest seen first; empty when there are none."""

    def rename(self, device_id: DeviceId, user_id: UserId, *, label: str) -> bool:
        """Call the user's device something else; False when the user has no such device."""

    def forget(self, device_id: DeviceId, user_id: UserId, *, actor: UserId | None) -> bool:
        """Drop the user's device with all that is kept of it; its sessions go on without one.

        False when the user has no such device.
        """


@dataclass(frozen=True, slots=True)
class CameraKey:
    """Which of a device's cameras, as far as a browser tells: a key, never evidence."""

    width_px: int
    """Of its frames."""
    height_px: int
    mark: str = ""
    """64 hex digits that the page made of the camera's name; empty when it sent none."""


@dataclass(frozen=True, slots=True)
class CameraLesson:
    """What one capture of bona fide frames tells of its camera."""

    camera: CameraKey
    detector: str
    """Fingerprint of the passive detector that scored them (`PadModel.fingerprint`)."""
    scores: CameraScores


@dataclass(frozen=True, slots=True)
class KnownCamera:
    """A camera of a device whose bona fide presentations are known."""

    device_id: DeviceId
    camera: CameraKey
    detector: str
    """That its scores are of; another one's threshold is not moved by them."""
    scores: CameraScores
    """Never shown: an attacker would learn how near the threshold is."""
    learned_at: datetime
    """Of the newest lesson."""


class CameraCalibrations(Protocol):
    """Where the bona fide presentations of known cameras lie.

    A lesson is first kept with its capture and counts only once that capture's login or enrolment
    is completed on a known device. All goes with the device, the user, or the user's face.
    """

    def find(self, device_id: DeviceId, camera: CameraKey, *, detector: str) -> CameraScores | None:
        """What is known of a camera; None when nothing is, or only of another detector."""

    def propose(self, transaction_id: str, lesson: CameraLesson) -> None:
        """Keep the lesson of a granted capture until its transaction is completed or purged."""

    def confirm(self, transaction_id: str, device: Device) -> bool:
        """Let the lesson of a completed transaction count for the device that it was made on.

        False when there is none, or it is another user's. What is known of another detector is
        replaced.
        """

    def list_cameras(self, user_id: UserId) -> tuple[KnownCamera, ...]:
        """The cameras of all devices of a user, latest lesson first."""

    def count_cameras(self) -> Mapping[str, int]:
        """How many cameras are known, by the fingerprint of the detector; none with none."""


@dataclass(frozen=True, slots=True)
class Session:
    """One login that is still good."""

    id: str
    """Not the token; may be shown."""
    user: User
    methods: tuple[str, ...]
    """How the user came in, RFC 8176 names: `pwd`, `face`, `otp`."""
    created_at: datetime
    device_id: DeviceId | None = None
    """The user's device it began on; None when that is not known, or forgotten since."""


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """What may be shown of a session to its user and the administration."""

    id: str
    """Not the token."""
    label: str
    """Of the device; empty when it is not known, or forgotten."""
    device_id: DeviceId | None
    address: str
    methods: tuple[str, ...]
    created_at: datetime
    last_seen_at: datetime
    """Of the newest request, a minute coarse."""


class Sessions(Protocol):
    """Server-side sessions."""

    def begin(
        self,
        user_id: UserId,
        *,
        methods: tuple[str, ...],
        address: str,
        device_id: DeviceId | None = None,
    ) -> str:
        """Make a session; returns its token (256 bits, URL-safe). Notes the login time.

        Args:
            device_id: of this user, as `Devices.remember` gave it.
        """

    def find(self, token: str) -> Session | None:
        """The session if it is neither ended, idle nor too old and its user is enabled."""

    def count(self) -> int:
        """How many sessions are neither ended, idle nor too old."""

    def end(self, token: str) -> None:
        """End one session; nothing happens when there is none."""

    def list_sessions(self, user_id: UserId) -> tuple[SessionSummary, ...]:
        """The user's sessions that are still good, latest seen first."""

    def end_one(self, session_id: str, user_id: UserId) -> bool:
        """End a session by its id; False when the user has no such session."""

    def end_all(self, user_id: UserId, *, keep_token: str | None = None) -> int:
        """End all sessions of a user but one; returns how many."""


class News(Protocol):
    """Logins on browsers that a user never had used before, told to the user's other sessions."""

    def of_session(self, session_id: str) -> tuple[Device, ...]:
        """Devices that became known since the session's user last heard of them, newest first.

        Not the session's own; empty for an unknown session.
        """

    def acknowledge(self, session_id: str, *, until: datetime) -> None:
        """Tell this session no more of devices known up to then; later ones stay news.

        Args: until: when the newest device that was told became known; aware.
        """


class Purpose(StrEnum):
    """Why somebody stands before the camera."""

    LOGIN = "login"
    ENROLMENT = "enrolment"
    STEP_UP = "step_up"
    """To confirm an act during a session."""
    VERIFICATION = "verification"
    """For another app, on a page of its own; see `verification_interfaces`."""


class TransactionState(StrEnum):
    """How far a transaction is."""

    PENDING = "pending"
    GRANTED = "granted"
    REFUSED = "refused"
    COMPLETED = "completed"
    """The grant was used; nothing more can be done with it."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a ceremony of `Purpose.STEP_UP` is to confirm."""

    act_name: str
    act_digest: str
    title: str
    """What the user is told."""
    session_id: str
    """The session that does the act; the confirmation is good for no other."""
    back: str
    """Path of the page that asked."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """A ceremony that has begun: a right password waiting for its face, or an enrolment."""

    id: str
    """Not the token; may be logged."""
    purpose: Purpose
    user_id: UserId
    actor_id: UserId | None
    """Who began it when it is somebody else: the administrator who enrols."""
    state: TransactionState
    reason: str | None
    """Why the last try was refused (`ceremony.verdict.Reason`); None else."""
    tries: int
    """Captures that ended with a refusal."""
    factors: frozenset[Factor]
    """What the user has shown so far in a login; the face among it once it is granted."""
    address: str
    expires_at: datetime
    confirms: Confirmation | None = None
    """The act, of a step-up; None else."""

    @property
    def subject_id(self) -> UserId | None:
        """Whom the trail names; None in a verification of nobody."""
        return None if self.user_id == NOBODY else self.user_id


class Transactions(Protocol):
    """Pending ceremonies and their single-use capture tickets.

    Verifications for other apps are none of them: no cookie finds one.
    """

    def begin(
        self,
        purpose: Purpose,
        *,
        user_id: UserId,
        actor_id: UserId | None,
        address: str,
        factors: Collection[Factor] = (),
        confirms: Confirmation | None = None,
    ) -> str:
        """Begin one; returns the token that the browser keeps in a cookie.

        Args:
            factors: what a login begins with, such as the password.
            confirms: the act, of a step-up.
        """

    def find(self, token: str) -> Transaction | None:
        """The transaction, unless it is unknown, expired or completed."""

    def issue_ticket(self, token: str) -> str | None:
        """A ticket for one capture; earlier unused ones lapse.

        None when there is no pending transaction or its tries are used up.
        """

    def redeem_ticket(self, ticket: str) -> Transaction:
        """Use a ticket; two redemptions of one ticket never both succeed.

        Raises: TicketError: unknown, expired or used.
        """

    def finish(self, transaction_id: str, verdict: Verdict) -> Transaction:
        """Note the verdict of a capture; a refusal leaves it pending while tries are left."""

    def add_factor(self, token: str, factor: Factor) -> Transaction | None:
        """Note what the user has shown besides; None when the transaction is over."""

    def complete(
        self, token: str, *, is_enough: Callable[[Transaction], bool] | None = None
    ) -> Transaction | None:
        """Use up a transaction; None when it is not good for that or already used.

        Args: is_enough: decides about it while nobody else can use it; None asks for a grant
            of the camera.
        """


FrameDigest = NewType("FrameDigest", bytes)
"""Keyed digest of one frame; tells nothing else of it."""


class SeenFrames(Protocol):
    """Which frames were sent here before, whoever sent them."""

    def digest(self, frame: bytes) -> FrameDigest:
        """Of whatever stands for the pixels of a frame; the same bytes give the same digest."""

    def take(self, user_id: UserId, frames: Collection[FrameDigest]) -> int:
        """Remember the frames of one capture for a user; called once at its end.

        Returns: how many of the different ones had been sent in an earlier capture.
        Raises: UserNotFoundError: the user is gone.
        """

    def purge(self) -> int:
        """Drop what is older than the limit, and the oldest beyond the most; returns how many."""


class LoginCodes(Protocol):
    """One-time codes of an administrator: the way in without a face, beside the password."""

    def issue(self, user_id: UserId, *, actor: UserId | None) -> str:
        """A code that is shown once; an earlier one lapses."""

    def redeem(self, user_id: UserId, code: str) -> bool:
        """Use a code; wrong tries count, and too many of them lapse it."""


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One row of the audit trail."""

    id: int
    at: datetime
    tag: Tag
    subject_id: UserId | None
    """Whose record it concerns."""
    actor_id: UserId | None
    """Who did it; `token:` and an id for a token of the API, which is no person; None for the
    command line or an unknown person."""
    address: str
    details: Mapping[str, str]
    """Reasons and counts; never a password, token, score, face or embedding."""


@dataclass(frozen=True, slots=True)
class Consent:
    """An agreement to have the own face enrolled."""

    text_sha256: str
    """Of the words that were agreed to."""
    actor_id: UserId | None
    """Who wrote it down for the user; None when the user agreed alone."""
    given_at: datetime


class Consents(Protocol):
    """Agreements to the enrolment of a face; erasing the face ends them."""

    def give(
        self, user_id: UserId, *, text_sha256: str, actor: UserId | None, address: str
    ) -> None:
        """Write down that a user agreed to these words.

        Args: actor: who enrols the user and heard them agree; None when the user did it alone.
        Raises: UserNotFoundError.
        """

    def find(self, user_id: UserId, *, text_sha256: str) -> Consent | None:
        """The newest consent to these words that still holds, or None."""


class PersonalDataExports(Protocol):
    """Everything that is held about one person."""

    def export(self, user_id: UserId, *, actor: UserId | None) -> dict[str, Any]:
        """Collect it as JSON values; written to the trail.

        Args: actor: who asks; the user, or None for the command line.
        Raises: UserNotFoundError, TemplateUnreadableError.
        """


class AuditTrail(Protocol):
    """What happened; only ever added to."""

    def append(
        self,
        tag: Tag,
        *,
        subject_id: UserId | None = None,
        actor_id: UserId | None = None,
        address: str = "",
        details: Mapping[str, str] | None = None,
    ) -> None:
        """Write a row; raises StorageError rather than lose it."""

    def list_events(
        self,
        *,
        subject_id: UserId | None = None,
        tags: tuple[Tag, ...] = (),
        before_id: int | None = None,
        after_id: int | None = None,
        limit: int = 50,
    ) -> tuple[AuditEvent, ...]:
        """Rows, newest first; empty filters take all.

        Args:
            before_id: the newest rows that are older than this one.
            after_id: the oldest rows that are newer than this one; not together with `before_id`.
        """
