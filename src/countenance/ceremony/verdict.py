"""The end of a ceremony: granted, or refused for a reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a ceremony was refused; for the owner and the administration, never the page."""

    TIMED_OUT = "timed_out"
    """The time limit passed before enough good frames came together."""
    NO_FACE = "no_face"
    """The time limit passed and no frame showed a face."""
    POOR_QUALITY = "poor_quality"
    """The time limit passed and no frame was good enough to be judged."""
    SEVERAL_FACES = "several_faces"
    """More than one face stayed in the picture."""
    NOT_MATCHED = "not_matched"
    """The face does not match the claimed user's template."""
    PRESENTATION_ATTACK = "presentation_attack"
    """The passive detector took the face for a picture, screen or mask."""
    FACE_CHANGED = "face_changed"
    """Another face took the place of the one that was being judged."""
    CHALLENGE_UNANSWERED = "challenge_unanswered"
    """A move that was asked for was not made in time."""
    CHALLENGE_WRONG = "challenge_wrong"
    """Another move was made than the one asked for, or before it was asked for."""
    FLAT_PICTURE = "flat_picture"
    """The face turned without showing any depth."""
    SHALLOW_TURN = "shallow_turn"
    """The face turned and showed no more depth than a bent picture, or one with holes, has."""
    COLOUR_IGNORED = "colour_ignored"
    """The face changed its colour, and not as the screen did that it should be before."""
    COLOUR_UNSEEN = "colour_unseen"
    """The colours of the screen did not show on the face: the room is bright, the screen is dim,
    or the picture is not of a face before it."""
    FROZEN = "frozen"
    """The same picture came again and again, as no camera sends it."""
    LOOPED = "looped"
    """A stretch of pictures came again and again, as no person moves."""
    REPLAYED = "replayed"
    """Frames came that had been sent in an earlier capture."""
    VIRTUAL_CAMERA = "virtual_camera"
    """The browser named a camera that is a program."""
    IMPOSSIBLE_TIMING = "impossible_timing"
    """The client told its frames at times that cannot be."""
    NOT_ENROLLED = "not_enrolled"
    """The user has no template."""
    OTHER_PACK = "other_pack"
    """The user's template was made by another model pack than this engine's; enrol again."""
    PROTOCOL = "protocol"
    """The client broke the capture protocol."""
    INTERRUPTED = "interrupted"
    """The connection or the server went away before the end."""
    ENGINE_FAILED = "engine_failed"
    """The engine raised an error; login fails closed."""


class PublicReason(StrEnum):
    """What the login page is told: enough to mend honest trouble, nothing to learn from."""

    NOT_CONFIRMED = "not_confirmed"
    TOO_SLOW = "too_slow"
    SEVERAL_FACES = "several_faces"
    TOO_BRIGHT = "too_bright"
    """The light of the room hid that of the screen."""
    TECHNICAL = "technical"


_PUBLIC = {
    Reason.TIMED_OUT: PublicReason.TOO_SLOW,
    Reason.NO_FACE: PublicReason.TOO_SLOW,
    Reason.POOR_QUALITY: PublicReason.TOO_SLOW,
    Reason.SEVERAL_FACES: PublicReason.SEVERAL_FACES,
    Reason.NOT_MATCHED: PublicReason.NOT_CONFIRMED,
    Reason.PRESENTATION_ATTACK: PublicReason.NOT_CONFIRMED,
    Reason.FACE_CHANGED: PublicReason.NOT_CONFIRMED,
    Reason.CHALLENGE_UNANSWERED: PublicReason.TOO_SLOW,
    Reason.CHALLENGE_WRONG: PublicReason.NOT_CONFIRMED,
    Reason.FLAT_PICTURE: PublicReason.NOT_CONFIRMED,
    Reason.SHALLOW_TURN: PublicReason.NOT_CONFIRMED,
    Reason.COLOUR_IGNORED: PublicReason.NOT_CONFIRMED,
    Reason.COLOUR_UNSEEN: PublicReason.TOO_BRIGHT,
    Reason.FROZEN: PublicReason.NOT_CONFIRMED,
    Reason.LOOPED: PublicReason.NOT_CONFIRMED,
    Reason.REPLAYED: PublicReason.NOT_CONFIRMED,
    Reason.VIRTUAL_CAMERA: PublicReason.NOT_CONFIRMED,
    Reason.IMPOSSIBLE_TIMING: PublicReason.NOT_CONFIRMED,
    # A user without a face to compare must look like one whose face did not match.
    Reason.NOT_ENROLLED: PublicReason.NOT_CONFIRMED,
    Reason.OTHER_PACK: PublicReason.NOT_CONFIRMED,
    Reason.PROTOCOL: PublicReason.TECHNICAL,
    Reason.INTERRUPTED: PublicReason.TECHNICAL,
    Reason.ENGINE_FAILED: PublicReason.TECHNICAL,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision. Only `granted()` and `denied()` make one."""

    is_granted: bool
    reason: Reason | None
    """Why it was refused; None when it was granted."""

    def __post_init__(self) -> None:
        if self.is_granted != (self.reason is None):
            raise ValueError("a verdict is granted without a reason or denied with one")

    @classmethod
    def granted(cls) -> Verdict:
        """The person is who they claim, and is really there."""
        return cls(is_granted=True, reason=None)

    @classmethod
    def denied(cls, reason: Reason) -> Verdict:
        """The door stays shut, for that reason."""
        return cls(is_granted=False, reason=reason)

    @property
    def public_reason(self) -> PublicReason | None:
        """What the person at the door may be told; None when granted."""
        return None if self.reason is None else _PUBLIC[self.reason]
