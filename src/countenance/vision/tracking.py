"""Following a face from frame to frame, so that most frames need no search of the whole picture."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from countenance.geometry.boxes import Box, intersection_over_union
from countenance.geometry.landmarks import Landmarks5
from countenance.images.crops import cropped, resized
from countenance.images.image import Image
from countenance.vision.interfaces import DetectedFace, FaceDetector


@dataclass(frozen=True, slots=True)
class TrackingPolicy:
    """How a face is searched for and when it counts as the same one."""

    search_side_px: int = 320
    """The whole frame is searched at this longest side first, then at `fine_side_px`."""
    fine_side_px: int = 640
    follow_side_px: int = 256
    """Longest side of the part around a box in which a known face is looked for. A face of about
    140 pixels there: YuNet's points of smaller faces hide a tilt of the head."""
    follow_growth: float = 1.8
    """Size of that part over the box; room for a head that moves."""
    search_every: int = 3
    """A full search at least every so many frames, so that another face is noticed."""
    max_shift: float = 0.6
    """Farthest the centre may move from one frame to the next, in widths of the last box."""
    max_growth: float = 1.6
    """Largest ratio of the widths of one face in two consecutive frames."""
    counted_share: float = 0.4
    """Faces narrower than this share of the largest are bystanders and not counted."""
    counted_side_share: float = 0.06
    """Faces narrower than this share of the frame's longer side are never counted."""
    counted_score: float = 0.75
    """Other faces than the largest count from this detection score on."""


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """The presented face of a frame."""

    face: DetectedFace
    track_id: int
    """The same number while the face is followed without a gap; starts at 1."""
    face_count: int
    """Faces large enough to matter, the presented one included."""


@dataclass(slots=True)
class Tracker:
    """Follows the largest face of one capture. Not safe to share between captures."""

    detector: FaceDetector
    policy: TrackingPolicy = field(default_factory=TrackingPolicy)
    _last: Followed | None = None
    _frames_since_search: int = 0
    _tracks: int = 0

    def follow(self, image: Image) -> Followed | None:
        """Find the presented face of the next frame; None when there is none.

        A face that is lost, even for one frame, or that jumps, comes back as another track.
        """
        face, count = self._look_near(image)
        if face is None:
            face, count = self._search(image)
        self._last = None if face is None else Followed(face, self._track_of(face), count)
        return self._last

    def _look_near(self, image: Image) -> tuple[DetectedFace | None, int]:
        last = self._last
        is_due = self._frames_since_search + 1 >= self.policy.search_every
        if last is None or is_due or last.face_count > 1:
            return None, 0
        self._frames_since_search += 1
        counted = self._counted(self._near(image, last.face.box), image)
        if not counted or not self._is_same(counted[0]):
            return None, 0
        return counted[0], len(counted)

    def _near(self, image: Image, box: Box) -> tuple[DetectedFace, ...]:
        return detect_within(
            self.detector,
            image,
            box=box.grown(self.policy.follow_growth),
            side_px=self.policy.follow_side_px,
        )

    def _search(self, image: Image) -> tuple[DetectedFace | None, int]:
        self._frames_since_search = 0
        faces: tuple[DetectedFace, ...] = ()
        for side_px in (self.policy.search_side_px, self.policy.fine_side_px):
            faces = self.detector.detect(image, max_side_px=side_px)
            if faces:
                break
        counted = self._counted(faces, image)
        return (self._refined(image, counted[0]), len(counted)) if counted else (None, 0)

    def _refined(self, image: Image, face: DetectedFace) -> DetectedFace:
        """The same face with the points that a closer look gives."""
        for closer in self._near(image, face.box):
            if intersection_over_union(closer.box, face.box) > 0.5:
                return closer
        return face

    def _counted(self, faces: tuple[DetectedFace, ...], image: Image) -> list[DetectedFace]:
        if not faces:
            return []
        policy = self.policy
        least_px = max(
            policy.counted_share * faces[0].box.width_px,
            policy.counted_side_share * max(image.width_px, image.height_px),
        )
        others = (
            face
            for face in faces[1:]
            if face.box.width_px >= least_px and face.detection_score >= policy.counted_score
        )
        return [faces[0], *others]

    def _track_of(self, face: DetectedFace) -> int:
        if self._last is not None and self._is_same(face):
            return self._last.track_id
        self._tracks += 1
        return self._tracks

    def _is_same(self, face: DetectedFace) -> bool:
        if self._last is None:
            return False
        before, now = self._last.face.box, face.box
        growth = max(now.width_px / before.width_px, before.width_px / now.width_px)
        if growth > self.policy.max_growth:
            return False
        if intersection_over_union(before, now) > 0.5:
            return True
        (ax, ay), (bx, by) = before.centre, now.centre
        return math.hypot(bx - ax, by - ay) <= self.policy.max_shift * before.width_px


def detect_within(
    detector: FaceDetector, image: Image, *, box: Box, side_px: int
) -> tuple[DetectedFace, ...]:
    """Find faces in a part of an image.

    Args:
        detector: any.
        image: the whole image.
        box: the part, pixels of `image`; what lies outside is left out.
        side_px: the part is looked at with this longest side, shrunk or enlarged.

    Returns: faces in pixels of `image`, largest first.
    """
    part = cropped(image, box=box)
    if part is None:
        return ()
    view, (x, y) = part
    factor = 1.0
    if max(view.width_px, view.height_px) < side_px:
        view, factor = resized(view, factor=side_px / max(view.width_px, view.height_px))
    faces = detector.detect(view, max_side_px=side_px)
    return tuple(_moved(face, factor=1 / factor, x=x, y=y) for face in faces)


def _moved(face: DetectedFace, *, factor: float, x: int, y: int) -> DetectedFace:
    box, points = face.box.scaled(factor), face.landmarks.scaled(factor).points
    points[:, 0] += x
    points[:, 1] += y
    return DetectedFace(
        box=Box(box.x0 + x, box.y0 + y, box.x1 + x, box.y1 + y),
        landmarks=Landmarks5(points),
        detection_score=face.detection_score,
    )
