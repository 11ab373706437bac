"""Video files and local cameras; the home of OpenCV's capture and writer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import cv2
import numpy as np

from countenance.images.errors import CameraError, VideoUnreadableError, VideoUnwritableError
from countenance.images.image import ColourOrder, Image

CODECS: Final = {".mp4": "mp4v", ".avi": "MJPG", ".mkv": "MJPG", ".webm": "VP80"}
"""Suffix of a file that can be written to the codec it gets; all are in the OpenCV wheel."""
DEFAULT_FPS: Final = 30.0
MAX_FPS: Final = 240.0
MAX_SIDE_PX: Final = 4096


@dataclass(frozen=True, slots=True, eq=False)
class VideoFrame:
    """One frame of a source."""

    index: int
    """0 for the first one."""
    at_s: float
    """When it is shown, seconds since the first frame; never goes back."""
    image: Image


class VideoReader:
    """Frames of a file or camera, in order. Close it, or use it as a context manager."""

    def __init__(self, capture: Any, *, name: str, is_camera: bool) -> None:
        self._capture = capture
        self._is_camera = is_camera
        self.name = name
        """The file's path or the camera's number, for messages."""
        fps = float(capture.get(cv2.CAP_PROP_FPS))
        self.fps = fps if 0 < fps <= MAX_FPS else DEFAULT_FPS
        """Nominal frames per second; `DEFAULT_FPS` when the source does not tell."""
        count = float(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.frame_count = int(count) if not is_camera and 0 < count < 1e9 else None
        """How many frames the header promises; None when it does not tell."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the file or camera back; may be called again."""
        self._capture.release()

    def frames(self) -> Iterator[VideoFrame]:
        """All frames; a camera's never end.

        Raises:
            VideoUnreadableError: the file has no frame, a frame is too large, or the file ends
                long before the length that its header promises.
            CameraError: the camera stopped answering.
        """
        index, at_s = 0, 0.0
        while True:
            done, pixels = self._capture.read()
            if not done or pixels is None:
                break
            at_s = max(at_s, self._position_s(index))
            yield VideoFrame(index, at_s, self._image(pixels))
            index += 1
        self._check_end(index, at_s)

    def _position_s(self, index: int) -> float:
        """By the container, which knows of variable rates; by counting where it does not."""
        told = float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000
        return told if index and told > 0 else index / self.fps

    def _image(self, pixels: Any) -> Image:
        if max(pixels.shape[:2]) > MAX_SIDE_PX:
            raise VideoUnreadableError(
                f"{self.name} has frames of {pixels.shape[1]} x {pixels.shape[0]} pixels; "
                f"at most {MAX_SIDE_PX} on a side are accepted.",
                remedy="Scale the video down.",
            )
        if pixels.ndim == 2:
            pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)
        return Image(np.asarray(pixels, dtype=np.uint8))

    def _check_end(self, frames: int, at_s: float) -> None:
        if self._is_camera:
            raise CameraError(
                f"Camera {self.name} stopped sending pictures.",
                remedy="Plug it in again, and close other programs that use it.",
            )
        promised_s = (self.frame_count or 0) / self.fps
        # Headers are off by some frames in sound files; half a second and a tenth are not.
        if frames == 0 or at_s < promised_s - max(0.5, 0.1 * promised_s):
            read_s = f"{at_s:.1f} of {promised_s:.1f} seconds" if frames else "no frame"
            raise VideoUnreadableError(
                f"{self.name} is damaged or ends too early: {read_s} could be read.",
                remedy="Copy or record the whole video again.",
            )


def open_video(path: Path) -> VideoReader:
    """Open a video file.

    Raises: VideoUnreadableError: missing, a folder, not permitted, or no video.
    """
    try:
        with path.open("rb") as file:
            is_empty = not file.read(1)
    except OSError as error:
        raise VideoUnreadableError(
            f"Cannot read {path}: {error.strerror or error}.",
            remedy="Check the path and its permissions.",
        ) from error
    capture = None if is_empty else _quiet_capture(str(path.absolute()))
    if capture is None or not capture.isOpened():
        raise VideoUnreadableError(
            f"{path} is no video that can be decoded.",
            remedy="Use an MP4, WebM, MKV, AVI or MOV file.",
        )
    return VideoReader(capture, name=str(path), is_camera=False)


def open_camera(number: int) -> VideoReader:
    """Open a camera of this machine.

    Args:
        number: 0 for the first one.

    Raises: CameraError: none answers under that number.
    """
    capture = _quiet_capture(number)
    if not capture.isOpened():
        raise CameraError(
            f"There is no camera {number} on this machine, or another program uses it.",
            remedy="Plug one in or close the other program; countenance doctor lists cameras.",
        )
    return VideoReader(capture, name=str(number), is_camera=True)


def list_cameras() -> list[Path]:
    """Camera devices that Linux shows; empty elsewhere or where there is none."""
    return sorted(Path("/dev").glob("video*"))


def _quiet_capture(source: str | int) -> Any:
    # Decoders tell their troubles on standard error; ours are told as one error instead.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    backend = cv2.CAP_FFMPEG if isinstance(source, str) else cv2.CAP_ANY
    return cv2.VideoCapture(source, backend)


class VideoWriter:
    """Writes a video beside its place and moves it there when it is whole.

    As a context manager: an exception inside leaves the earlier file, if any, as it was.
    """

    def __init__(self, path: Path, *, fps: float) -> None:
        """Prepare to write; the file is begun with the first frame.

        Args:
            path: suffix one of `CODECS`.
            fps: frames per second of the result, above 0.

        Raises: VideoUnwritableError: another suffix, or no folder that can be written.
        """
        self._codec = _codec(path)
        self._path = path
        self._fps = fps
        self._part = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
        self._writer: Any = None
        self._size: tuple[int, int] = (0, 0)
        self._written = 0
        self._touch()

    def _touch(self) -> None:
        try:
            self._part.touch()
        except OSError as error:
            raise self._unwritable(error.strerror or str(error)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._writer is not None:
            self._writer.release()
        try:
            if kind is None:
                self._move()
        finally:
            self._part.unlink(missing_ok=True)

    def _move(self) -> None:
        # An encoder that ran out of space says nothing; an unreadable result tells it.
        if self._written == 0 or not cv2.VideoCapture(str(self._part)).isOpened():
            raise self._unwritable("no frame was written, or the disk is full")
        self._part.replace(self._path)

    def write(self, image: Image, *, at_s: float | None = None) -> None:
        """Add a frame.

        Args:
            image: every frame has the size of the first.
            at_s: when it is shown; a source with a variable rate keeps its time: a frame is
                repeated where there is a gap and left out where there are more than the rate
                by over one. None adds it once.

        Raises: VideoUnwritableError: the codec cannot take it.
        """
        if self._writer is None:
            self._begin(image)
        pixels = np.ascontiguousarray(image.to(ColourOrder.BGR).pixels)
        if (image.width_px, image.height_px) != self._size:
            pixels = np.asarray(cv2.resize(pixels, self._size), dtype=np.uint8)
        wanted = self._written + 1 if at_s is None else round(at_s * self._fps) + 1
        ahead = self._written - wanted
        for _ in range(max(1 if ahead < 1 else 0, -ahead)):
            self._writer.write(pixels)
            self._written += 1

    def _begin(self, image: Image) -> None:
        self._size = (image.width_px, image.height_px)
        fourcc = cv2.VideoWriter.fourcc(*self._codec)
        self._writer = cv2.VideoWriter(
            str(self._part), cv2.CAP_FFMPEG, fourcc, self._fps, self._size
        )
        if not self._writer.isOpened():
            raise self._unwritable(f"the codec {self._codec} does not take {self._size}")

    def _unwritable(self, why: str) -> VideoUnwritableError:
        return VideoUnwritableError(
            f"Cannot write the video {self._path}: {why}.",
            remedy="Check the folder, its permissions and the free space.",
        )


def _codec(path: Path) -> str:
    codec = CODECS.get(path.suffix.lower())
    if codec is None:
        raise VideoUnwritableError(
            f"{path.name} has no video format that can be written.",
            remedy=f"End the name in {', '.join(CODECS)}.",
        )
    return codec
