"""What a login asks for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PolicyName(StrEnum):
    """The policies that can be chosen by name."""

    PASSIVE = "passive"
    """N consecutive good frames of one face; nothing to do for the person."""
    STANDARD = "standard"
    """The same, then moves that the server draws and reveals one at a time."""
    STRICT = "strict"
    """The same, then colours of the screen that have to come back from the face."""


@dataclass(frozen=True, slots=True)
class PassivePolicy:
    """N consecutive frames that are bona fide, match the user and show one and the same face."""

    frames_needed: int = 10
    """Consecutive good frames for a grant; at least 1."""
    time_limit_s: float = 20.0
    """From the first frame to the verdict, seconds."""
    attack_frames_limit: int = 40
    """Frames judged an attack, in all, after which the login is refused: about two seconds of a
    webcam, so that nobody is refused for the moment of sitting down, and no attacker gets to try
    out light and angles until one of them works."""
    mismatch_frames_limit: int = 40
    """Frames that do not match, in all, after which the login is refused."""
    repeated_frames_limit: int = 30
    """Exact repeats in a row after which the picture counts as frozen."""
    several_faces_limit: int = 150
    """Frames with more than one face, in all, after which the login is refused."""
    face_changes_limit: int = 5
    """Times the face may be lost or replaced, after good frames, before the login is refused."""

    def __post_init__(self) -> None:
        if self.frames_needed < 1 or self.time_limit_s <= 0:
            raise ValueError("a policy needs at least one frame and some time")
        limits = (
            self.attack_frames_limit,
            self.mismatch_frames_limit,
            self.repeated_frames_limit,
            self.several_faces_limit,
            self.face_changes_limit,
        )
        if min(limits) < 1:
            raise ValueError("a limit of a policy is at least 1")
