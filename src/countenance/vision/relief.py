"""Depth of a face without a depth camera: points on it, followed while the head moves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from countenance.geometry.landmarks import (
    LEFT_EYE,
    LEFT_MOUTH,
    RIGHT_EYE,
    RIGHT_MOUTH,
    Landmarks5,
    head_pose,
)
from countenance.geometry.planarity import (
    MIN_POINTS,
    MIN_TURN_DEG,
    Planarity,
    measure_planarity,
)
from countenance.geometry.similarity import DegenerateLandmarksError, estimate_similarity
from countenance.images.image import ColourOrder, Image

_EYES_PX: Final = 64.0
"""Eye distance at which the points are followed; finer detail costs time and adds noise."""
_MOST_POINTS: Final = 250
_LEAST_GAP_PX: Final = 3
_CORNER_QUALITY: Final = 0.002
"""Share of the strongest corner's strength from which a corner counts."""
_OVAL: Final = (2.1, 2.9)
"""Width and height of the oval in which points are sought: eye distances, and heights from the
eyes to the mouth. Inside the outline, so that no point sticks to the background."""
_RETURN_LIMIT_PX: Final = 1.5
"""A point that is followed there and back has to come back this near."""
_FLOW: Final[dict[str, Any]] = {
    "winSize": (15, 15),
    "maxLevel": 4,
    "criteria": (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 20, 0.03),
    "flags": cv2.OPTFLOW_USE_INITIAL_FLOW,
}

Pixels = NDArray[np.float32]
"""(n, 2) float32."""
_NO_POINTS: Final[Pixels] = np.empty((0, 2), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """One frame as the points are followed in it."""

    grey: NDArray[np.uint8]
    landmarks: Pixels


@dataclass(frozen=True, slots=True, eq=False)
class _Trail:
    """Points in the first view and in the last one."""

    factor: float
    """Shrinks a frame; fixed by the first one, so that all are seen at one scale."""
    unit_px: float
    """Eye distance in the first view; it does not shorten with the turn."""
    eyes: Pixels
    """(2, 2): in the first view."""
    yaw_deg: float
    """In the first view."""
    view: _View
    first: Pixels
    now: Pixels

    def planarity(self, *, yaw_deg: float) -> Planarity | None:
        first, now = self.first.astype(np.float64), self.now.astype(np.float64)
        return measure_planarity(
            first,
            now,
            eyes=self.eyes.astype(np.float64),
            unit_px=self.unit_px,
            turn_deg=yaw_deg - self.yaw_deg,
        )


class ReliefTracker:
    """Follows points of one face from a frame in which it looks straight ahead.

    Source: corners of Shi and Tomasi, CVPR 1994; pyramidal Lucas-Kanade, Bouguet, 2001; there and
    back, Kalal, Mikolajczyk, Matas, ICPR 2010.
    """

    def __init__(self) -> None:
        self._trail: _Trail | None = None

    def restart(self, image: Image, landmarks: Landmarks5) -> None:
        """Take this frame as the view that the later ones are compared with.

        Args:
            image: the whole frame; later frames have its size.
            landmarks: of the face, pixels of `image`.
        """
        eyes_px = max(landmarks.inter_eye_distance_px, 1.0)
        factor = min(1.0, _EYES_PX / eyes_px)
        view = _look(image, landmarks, factor=factor)
        points = _corners(view)
        self._trail = _Trail(
            factor,
            unit_px=eyes_px * factor,
            eyes=view.landmarks[[RIGHT_EYE, LEFT_EYE]],
            yaw_deg=_yaw_deg(landmarks),
            view=view,
            first=points,
            now=points,
        )

    def follow(self, image: Image, landmarks: Landmarks5) -> Planarity | None:
        """How unlike a plane the face has moved since `restart`.

        Args:
            image: the next frame.
            landmarks: of the same face, pixels of `image`.

        Returns: None before `restart`, while the face looks about ahead, which shows no depth, and
            when too few points could be followed.
        """
        if self._trail is None:
            return None
        self._trail = _stepped(self._trail, _look(image, landmarks, factor=self._trail.factor))
        yaw_deg = _yaw_deg(landmarks)
        return self._trail.planarity(yaw_deg=yaw_deg) if abs(yaw_deg) >= MIN_TURN_DEG else None


def _yaw_deg(landmarks: Landmarks5) -> float:
    """0 when the points tell none."""
    pose = head_pose(landmarks)
    return pose.yaw_deg if pose else 0.0


def _look(image: Image, landmarks: Landmarks5, *, factor: float) -> _View:
    return _View(_grey(image, factor=factor), landmarks.points * np.float32(factor))


def _corners(view: _View) -> Pixels:
    found: Any = cv2.goodFeaturesToTrack(
        view.grey, _MOST_POINTS, _CORNER_QUALITY, _LEAST_GAP_PX, mask=_oval(view)
    )
    return _NO_POINTS if found is None else np.asarray(found.reshape(-1, 2), dtype=np.float32)


def _stepped(trail: _Trail, view: _View) -> _Trail:
    """The points in the next view; those that do not come back when followed back are dropped."""
    before = trail.view
    if view.grey.shape != before.grey.shape or len(trail.now) < MIN_POINTS:
        return replace(trail, view=view, first=_NO_POINTS, now=_NO_POINTS)
    guess = _expected(trail.now, before.landmarks, view.landmarks)
    there, seen, _ = cv2.calcOpticalFlowPyrLK(before.grey, view.grey, trail.now, guess, **_FLOW)
    back, again, _ = cv2.calcOpticalFlowPyrLK(
        view.grey, before.grey, there, trail.now.copy(), **_FLOW
    )
    away = np.hypot(*(back - trail.now).T)
    kept = (seen.ravel() == 1) & (again.ravel() == 1) & (away < _RETURN_LIMIT_PX)
    now = np.asarray(there[kept], dtype=np.float32)
    return replace(trail, view=view, first=trail.first[kept], now=now)


def _expected(points: Pixels, before: Pixels, after: Pixels) -> Pixels:
    """Where the points would be had the face only moved as its eyes, nose and mouth did."""
    try:
        move = estimate_similarity(before, target=after)
    except DegenerateLandmarksError:
        return points.copy()
    return np.asarray(points @ move[:, :2].T + move[:, 2], dtype=np.float32)


def _grey(image: Image, *, factor: float) -> NDArray[np.uint8]:
    code = cv2.COLOR_BGR2GRAY if image.order is ColourOrder.BGR else cv2.COLOR_RGB2GRAY
    grey = cv2.cvtColor(image.pixels, code)
    if factor < 1.0:
        grey = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.asarray(grey, dtype=np.uint8)


def _oval(view: _View) -> NDArray[np.uint8]:
    """255 inside the face, 0 outside."""
    eyes = view.landmarks[[RIGHT_EYE, LEFT_EYE]]
    mouth = view.landmarks[[RIGHT_MOUTH, LEFT_MOUTH]]
    across, down = eyes[1] - eyes[0], mouth.mean(axis=0) - eyes.mean(axis=0)
    width = float(np.hypot(*across))
    height = max(float(np.hypot(*down)), 0.9 * width)
    x, y = (float(value) for value in (eyes.mean(axis=0) + mouth.mean(axis=0)) / 2)
    angle = float(np.degrees(np.arctan2(across[1], across[0])))
    mask = np.zeros_like(view.grey)
    cv2.ellipse(mask, ((x, y), (_OVAL[0] * width, _OVAL[1] * height), angle), 255, -1)
    return mask
