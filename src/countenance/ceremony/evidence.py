"""What the engine saw in one frame, as the decision core takes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from countenance.ceremony.colour_answer import FaceLight
from countenance.geometry.planarity import Planarity
from countenance.pad.recurrence import Thumbnail


class Hint(StrEnum):
    """What the person in front of the camera should do; exact, in everyday words on the page.

    Light, distance and place only. Nothing here tells which check refused an attacker.
    """

    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    TOO_SMALL = "too_small"
    TOO_LARGE = "too_large"
    OFF_CENTRE_LEFT = "off_centre_left"
    """The face is too far to the subject's left; they should move to their right."""
    OFF_CENTRE_RIGHT = "off_centre_right"
    OFF_CENTRE_UP = "off_centre_up"
    OFF_CENTRE_DOWN = "off_centre_down"
    TURNED = "turned"
    TILTED = "tilted"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    BACKLIT = "backlit"
    BLURRED = "blurred"
    HOLD_STILL = "hold_still"
    """Nothing to mend: keep the face where it is."""


@dataclass(frozen=True, slots=True)
class FaceEvidence:
    """The presented face of one frame; the largest when there are several."""

    box_xyxy: tuple[float, float, float, float]
    """Edges as shares of the frame's width and height, 0..1; may reach outside."""
    track_id: int
    """Same number = the same face followed without a gap since an earlier frame."""
    hint: Hint
    """The first thing to mend; `HOLD_STILL` when the sample's quality is good enough."""
    yaw_deg: float
    """Head pose; positive to the subject's left."""
    pitch_deg: float
    """Head pose; positive upwards."""
    is_bona_fide: bool | None
    """Passive detector's answer for this frame; None when it was not asked."""
    is_match: bool | None
    """Whether the face matches the claimed user's template; None when it was not compared."""
    is_continuous: bool = True
    """Whether the embedding agrees with that of earlier frames of the same track."""
    planarity: Planarity | None = None
    """How the face has moved since the view that a challenge began with; None outside of one and
    when too little of it could be followed."""
    light: FaceLight | None = None
    """Colour of the light on the face; None outside of a colour sequence and when too little of
    the face is neither dark nor overexposed."""

    @property
    def has_quality(self) -> bool:
        """Whether the sample is good enough to be judged."""
        return self.hint is Hint.HOLD_STILL


@dataclass(frozen=True, slots=True)
class Observation:
    """One frame as it reached the decision."""

    sequence: int
    """Number of the frame; strictly rising."""
    at_s: float
    """When it was received: seconds on a clock that never goes back."""
    face_count: int
    """Faces in the frame that are large enough to matter."""
    face: FaceEvidence | None
    """The presented face; None when there is none."""
    is_repeated: bool = False
    """Whether the pixels are those of the frame before: a camera never repeats itself exactly."""
    thumbnail: Thumbnail | None = field(default=None, compare=False, repr=False)
    """By which a loop is told; None says nothing about one."""
