"""What a source names: a camera, a folder, a photograph or a video."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from countenance.images.video import VideoReader

_IMAGE_SUFFIXES: Final = frozenset({
    ".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".heic", ".heif", ".avif",
    ".jp2", ".jxl",
})  # fmt: skip


class SourceKind(StrEnum):
    """Where pictures come from."""

    CAMERA = "camera"
    FOLDER = "folder"
    IMAGE = "image"
    VIDEO = "video"


def source_kind(source: str) -> SourceKind:
    """Tell by its form and first bytes what a source is.

    Raises: ImageUnreadableError: a file that is missing or cannot be read.
    """
    from countenance.images.errors import ImageUnreadableError, NotAnImageError
    from countenance.images.header import parse_header

    if source.isdecimal():
        return SourceKind.CAMERA
    path = Path(source)
    if path.is_dir():
        return SourceKind.FOLDER
    try:
        with path.open("rb") as file:
            head = file.read(65_536)
    except OSError as error:
        raise ImageUnreadableError(
            f"Cannot read {path}: {error.strerror or error}.",
            remedy="Check the path and its permissions.",
        ) from error
    try:
        parse_header(head)
    except NotAnImageError:
        return SourceKind.IMAGE if _claims_image(path, head) else SourceKind.VIDEO
    return SourceKind.IMAGE


def _claims_image(path: Path, head: bytes) -> bool:
    """Whether a damaged or refused file is better told as an image than as a video."""
    return path.suffix.lower() in _IMAGE_SUFFIXES or head[:2] == b"\xff\xd8"


def open_source(source: str) -> VideoReader:
    """Open a camera by its number, else a video file.

    Raises: CameraError, VideoUnreadableError.
    """
    from countenance.images.video import open_camera, open_video

    return open_camera(int(source)) if source.isdecimal() else open_video(Path(source))
