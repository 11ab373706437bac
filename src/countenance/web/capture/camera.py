"""The camera of one capture: how far its threshold is moved, and what the capture teaches of it.

A camera is told apart by the size of its frames and by a mark that the page makes of its name.
Both come from the browser and are keys to what is known, never evidence: whoever copies them gets
at most a threshold moved within its bounds, and only on the device of the user who logs in.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from countenance.identity.errors import StorageError
from countenance.identity.interfaces import (
    CameraCalibrations,
    CameraKey,
    CameraLesson,
    Device,
    Transaction,
)
from countenance.images.image import Image
from countenance.pad.camera import CameraScores, one_login
from countenance.web.capture.course import Analysis

_LOG = logging.getLogger(__name__)
MAX_FRAMES: Final = 600
"""Frames that a capture remembers; more tell nothing new."""
_MARK: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the captures of an installation need in order to know cameras."""

    cameras: CameraCalibrations
    detector: str
    """Fingerprint of the passive detector."""
    shift_of: Callable[[CameraScores | None], float]
    """How far the threshold moves for what is known."""


@dataclass(slots=True)
class CaptureCamera:
    """The camera of one capture; not shared between captures."""

    transaction: Transaction
    device: Device | None
    """Of the transaction's user; None when this browser is not known to them."""
    mark: str
    """As the browser sent it."""
    calibration: Calibration | None
    """None: no threshold is moved and nothing is learned."""
    is_trusted_to_move: bool = True
    """Whether a known camera's threshold is moved; an enrolment always asks for the default."""
    _key: CameraKey | None = None
    _shift: float = 0.0
    _is_one: bool = True
    """Whether all frames so far had one size."""
    _seen: list[tuple[int, float]] = field(default_factory=list)
    """Track and log-odds of frames that may teach."""

    def shift(self, image: Image) -> float:
        """How far the passive threshold is moved for the next frame, log-odds.

        0 as soon as a frame has another size than the first: that is another camera.
        """
        key = CameraKey(image.width_px, image.height_px, clean_mark(self.mark))
        if self._key is None:
            self._key, self._shift = key, self._known(key)
        self._is_one = self._is_one and key == self._key
        return self._shift if self._is_one else 0.0

    def note(self, analysis: Analysis) -> None:
        """Remember a frame that was judged, is not another person's and follows those before."""
        face, value = analysis.observation.face, analysis.log_odds
        if face is None or value is None or len(self._seen) >= MAX_FRAMES:
            return
        if face.is_match is not False and face.is_continuous:
            self._seen.append((face.track_id, value))

    def teach(self, *, track_id: int | None = None) -> None:
        """Propose what was seen as a lesson; call it only for captures known to be bona fide.

        A lesson that cannot be stored is lost, and the login goes on without it.

        Args:
            track_id: the face that was shown to be live; None takes every frame.
        """
        if self.calibration is None or self._key is None or not self._is_one:
            return
        scores = one_login([v for track, v in self._seen if track_id in (None, track)])
        if scores is None:
            return
        lesson = CameraLesson(self._key, self.calibration.detector, scores)
        try:
            self.calibration.cameras.propose(self.transaction.id, lesson)
        except StorageError:
            _LOG.exception("what a capture showed of its camera cannot be stored")

    def _known(self, key: CameraKey) -> float:
        if self.calibration is None or self.device is None or not self.is_trusted_to_move:
            return 0.0
        detector = self.calibration.detector
        known = self.calibration.cameras.find(self.device.id, key, detector=detector)
        return self.calibration.shift_of(known)


def clean_mark(mark: str) -> str:
    """The mark if it has the form of one, else empty.

    >>> clean_mark("a0" * 32) == "a0" * 32, clean_mark("'; DROP TABLE cameras")
    (True, '')
    """
    return mark if _MARK.fullmatch(mark) else ""
