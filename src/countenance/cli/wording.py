"""What the command line says for hints, prompts and reasons."""

from __future__ import annotations

from typing import Final

from countenance.ceremony.enrolment import Prompt
from countenance.ceremony.evidence import Hint
from countenance.ceremony.verdict import Reason

HINTS: Final[dict[Hint, str]] = {
    Hint.NO_FACE: "Come before the camera",
    Hint.SEVERAL_FACES: "Only you, please",
    Hint.TOO_SMALL: "Come a little closer",
    Hint.TOO_LARGE: "Move back a little",
    Hint.OFF_CENTRE_LEFT: "A little to the right",
    Hint.OFF_CENTRE_RIGHT: "A little to the left",
    Hint.OFF_CENTRE_UP: "A little lower",
    Hint.OFF_CENTRE_DOWN: "A little higher",
    Hint.TURNED: "Face the camera",
    Hint.TILTED: "Hold your head upright",
    Hint.TOO_DARK: "More light on your face",
    Hint.TOO_BRIGHT: "Less light on your face",
    Hint.BACKLIT: "Turn away from the window",
    Hint.BLURRED: "Hold still",
    Hint.HOLD_STILL: "Hold still",
}
PROMPTS: Final[dict[Prompt, str]] = {
    Prompt.LOOK_STRAIGHT: "Look straight into the camera",
    Prompt.TURN_A_LITTLE_LEFT: "Turn your head a little to the left",
    Prompt.TURN_A_LITTLE_RIGHT: "Turn your head a little to the right",
}
REASONS: Final[dict[Reason, str]] = {
    Reason.TIMED_OUT: "the time ran out before enough good frames came together",
    Reason.NO_FACE: "no frame showed a face",
    Reason.POOR_QUALITY: "no frame was good enough to be judged",
    Reason.SEVERAL_FACES: "more than one face stayed in the picture",
    Reason.NOT_MATCHED: "the face is not the expected one",
    Reason.PRESENTATION_ATTACK: "the face was taken for a picture, screen or mask",
    Reason.FACE_CHANGED: "another face took the place of the first",
    Reason.CHALLENGE_UNANSWERED: "a move that was asked for was not made in time",
    Reason.CHALLENGE_WRONG: "another move was made than the one asked for, or too early",
    Reason.FLAT_PICTURE: "the face turned as a flat picture does",
    Reason.SHALLOW_TURN: "the face turned with no more depth than a bent picture has",
    Reason.FROZEN: "the same picture came again and again",
    Reason.LOOPED: "a stretch of pictures came round again, as a clip in a loop does",
    Reason.REPLAYED: "pictures came that had been sent before",
    Reason.VIRTUAL_CAMERA: "the camera was a program",
    Reason.IMPOSSIBLE_TIMING: "the pictures came at times that cannot be",
    Reason.NOT_ENROLLED: "nobody is enrolled that this could be",
    Reason.OTHER_PACK: "the face is enrolled for another model pack",
    Reason.PROTOCOL: "the capture protocol was broken",
    Reason.INTERRUPTED: "it ended before there was a verdict",
    Reason.ENGINE_FAILED: "the engine failed",
}
