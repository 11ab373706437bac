"""What the lab does with frames: look at them with every cue, or keep presentations."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

from countenance.datasets.capture import Capture, CaptureTally, Fate
from countenance.datasets.dataset_folder import DatasetFolder
from countenance.datasets.errors import DatasetUnwritableError
from countenance.datasets.review import items_of, trash_of
from countenance.datasets.takes import Take, add_take, keep_takes
from countenance.geometry.boxes import Box
from countenance.images.image import Image
from countenance.images.video import VideoFrame
from countenance.vision.interfaces import FaceDetector
from countenance.vision.pad_values import as_full_row
from countenance.vision.pad_watch import PadWatch
from countenance.web.lab.wish import CollectWish

Told = Mapping[str, Any]
"""Part of a reply."""
CAMERA_EVERY_S: Final = 0.16
"""Frames of a camera that are nearer to each other are not looked at, as `pad collect` looks at
every fifth of thirty a second."""
FILE_NTH: Final = 5
"""Of a video every fifth frame is looked at, the default of `pad collect`."""
TRY_SECONDS: Final = 60.0
"""Of a source, at most."""


class Work(Protocol):
    """Something done with the frames of one source."""

    @property
    def is_enough(self) -> bool:
        """Whether no further frame is wanted."""

    def look(self, frame: VideoFrame, *, at_s: float) -> Told | None:
        """Take the next frame; what to tell of it, None for nothing.

        Raises: CountenanceError: it cannot go on.
        """

    def conclude(self) -> Told:
        """What became of it all."""

    def close(self) -> None:
        """Give everything back; whatever was kept stays. May be called again."""


class TryWork:
    """Tells what each cue saw; keeps nothing."""

    def __init__(self, watch: PadWatch, *, frames_needed: int) -> None:
        self._watch = watch
        self._frames_needed = frames_needed
        self._last_s = 0.0

    @property
    def is_enough(self) -> bool:
        return self._last_s >= TRY_SECONDS

    def look(self, frame: VideoFrame, *, at_s: float) -> Told:
        self._last_s = at_s
        reading = self._watch.see(frame, at_s=at_s)
        thresholds = {cue.cue.value: cue.threshold for cue in reading.cues}
        if reading.score is not None:
            thresholds |= {"bona_fide": reading.score.threshold}
        return {
            "row": as_full_row(reading),
            "thresholds": thresholds,
            "box": shares(reading.box, frame.image),
            "progress": reading.progress,
        }

    def conclude(self) -> Told:
        verdict, tally = self._watch.conclude(), self._watch.tally
        return {
            "frames": tally.frames,
            "with_face": tally.with_face,
            "judged": tally.judged,
            "bona_fide": tally.bona_fide,
            "longest_run": tally.longest_run,
            "frames_needed": self._frames_needed,
            "rule_met": verdict.is_granted,
            "reason": verdict.reason,
            "decided_at_s": self._watch.decided_at_s,
            "cut_off": self.is_enough,
        }

    def close(self) -> None:
        return


@dataclass(frozen=True, slots=True)
class Collector:
    """Who collects, when, and whom to tell."""

    name: str
    """Login name."""
    now: datetime
    note: Callable[[Told], None]
    """Is told once what was kept, when something was."""


class CollectWork:
    """Keeps presentations in a data set, by the rules of `pad collect`."""

    def __init__(
        self,
        folder: Path,
        detector: FaceDetector,
        wish: CollectWish,
        *,
        by: Collector,
        input_: str | None,
    ) -> None:
        """Open the data set and write down who agreed.

        Args:
            folder: of the data set.
            detector: the engine's.
            wish: what is to be collected.
            by: who does.
            input_: digest of a file; None: a camera.

        Raises: DatasetUnwritableError, ManifestError: the data set cannot be added to.
            CollectionError: this file was collected as something else.
        """
        self._is_camera = input_ is None
        self._input = input_ or f"camera-{secrets.token_hex(16)}"
        self._wish, self._by, self._tally = wish, by, CaptureTally()
        self._looked_s, self._last_s = float("-inf"), 0.0
        with ExitStack() as opened:
            self._folder = opened.enter_context(DatasetFolder(folder))
            self._capture = Capture(
                self._folder, detector, declared=wish.declared, input_=self._input,
                tally=self._tally,
            )  # fmt: skip
            self._before = self._capture.count
            take = Take(
                self._input, by.now.isoformat(timespec="seconds"), by.name, "yes", wish.note
            )
            add_take(folder, take)
            self._opened: ExitStack | None = opened.pop_all()

    @property
    def kept(self) -> int:
        """Presentations of this take so far."""
        return self._capture.count - self._before

    @property
    def is_enough(self) -> bool:
        is_late = self._is_camera and self._last_s >= self._wish.seconds
        return self.kept >= self._wish.pictures or is_late

    def look(self, frame: VideoFrame, *, at_s: float) -> Told | None:
        self._last_s = at_s
        if not self._is_due(frame, at_s):
            return self._told(frame, None)
        self._looked_s = at_s
        return self._told(frame, self._capture.take(frame))

    def _is_due(self, frame: VideoFrame, at_s: float) -> bool:
        if self._is_camera:
            return at_s - self._looked_s >= CAMERA_EVERY_S
        return frame.index % FILE_NTH == 0

    def _told(self, frame: VideoFrame, fate: Fate | None) -> Told | None:
        if fate is None and not self._is_camera:
            return None
        face = self._capture.face
        return {
            "fate": fate,
            "box": shares(face.box if face else None, frame.image),
            "kept": self.kept,
            "looked": self._tally.frames,
            "at_s": round(frame.at_s, 2),
        }

    def conclude(self) -> Told:
        fates = self._tally.fates
        return {
            "looked": self._tally.frames,
            "kept": self.kept,
            "near_duplicates": fates[Fate.NEAR_DUPLICATE],
            "no_face": fates[Fate.NO_FACE],
            "already_there": fates[Fate.ALREADY_THERE],
            "bystanders": self._tally.several_faces,
        }

    def close(self) -> None:
        if self._opened is None:
            return
        opened, self._opened = self._opened, None
        with opened:
            if not self._capture.count:
                self._forget()
        if self.kept:
            self._by.note(
                {
                    "dataset": self._wish.dataset,
                    "label": self._wish.declared.label,
                    "kept": self.kept,
                    "input": self._input[:40],
                }
            )

    def _forget(self) -> None:
        """Nobody is in the data set by this take, so nothing is remembered of it."""
        path = self._folder.path
        with suppress(DatasetUnwritableError):  # a line too many harms less than no answer
            keep_takes(path, {item.input for item in (*items_of(path), *trash_of(path))})


def shares(box: Box | None, image: Image) -> list[float] | None:
    """A box as shares of the frame, 0..1, rounded for a page; None for none."""
    if box is None:
        return None
    width, height = image.width_px, image.height_px
    edges = (box.x0 / width, box.y0 / height, box.x1 / width, box.y1 / height)
    return [round(min(1.0, max(0.0, edge)), 4) for edge in edges]
