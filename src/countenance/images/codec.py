"""Encoded bytes to pixels and back, within limits that are checked before decoding."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from countenance.images.errors import ImageTooLargeError, ImageUnreadableError, NotAnImageError
from countenance.images.header import ImageFormat, ImageHeader, count_jpeg_scans, parse_header
from countenance.images.image import ColourOrder, Image

MAX_JPEG_SCANS: Final = 100
"""Encoders make about ten. A frame of 300 kB can hold 24,000, which take seconds to decode."""

# What a decoder thinks of a damaged image is told as one error of ours.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """What an image may promise before it is decoded."""

    max_bytes: int
    max_side_px: int
    """Longest side; applies to width and height."""
    formats: Collection[ImageFormat]


CAPTURE_LIMITS: Final = DecodeLimits(300_000, 1280, frozenset({ImageFormat.JPEG, ImageFormat.WEBP}))
"""Frames that a browser sends."""
FILE_LIMITS: Final = DecodeLimits(64_000_000, 8192, frozenset(ImageFormat))
"""Photographs that a user or administrator imports."""


def decode_image(data: bytes, *, limits: DecodeLimits) -> Image:
    """Decode an image after its header has been checked; an EXIF rotation is applied.

    Args:
        data: the whole encoded image.
        limits: refused beyond these, before any pixel is allocated.

    Returns: BGR pixels; transparency and more than eight bits are dropped.

    Raises:
        ImageTooLargeError: more bytes or pixels than `limits` allows.
        NotAnImageError: no image, a format outside `limits`, or damaged.
    """
    if len(data) > limits.max_bytes:
        raise ImageTooLargeError(
            f"The image has {len(data)} bytes; at most {limits.max_bytes} are accepted.",
            remedy="Save it smaller or with more compression.",
        )
    header = parse_header(data)
    _check(header, limits=limits)
    if header.format is ImageFormat.JPEG:
        _check_scans(data)
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        pixels = None
    if pixels is None:
        raise NotAnImageError(
            f"The {header.format} image is damaged.", remedy="Save the image again and retry."
        )
    return Image(np.asarray(pixels, dtype=np.uint8))


def _check(header: ImageHeader, *, limits: DecodeLimits) -> None:
    if header.format not in limits.formats:
        raise NotAnImageError(
            f"The format {header.format} is not accepted here.",
            remedy=f"Use {' or '.join(sorted(limits.formats))}.",
        )
    if max(header.width_px, header.height_px) > limits.max_side_px:
        raise ImageTooLargeError(
            f"The image is {header.width_px} x {header.height_px} pixels; "
            f"at most {limits.max_side_px} on a side are accepted.",
            remedy="Scale it down.",
        )


def _check_scans(data: bytes) -> None:
    scans = count_jpeg_scans(data)
    if scans is None:
        raise NotAnImageError(
            "The jpeg image ends too early.", remedy="Send or save the whole image again."
        )
    if scans > MAX_JPEG_SCANS:
        raise ImageTooLargeError(
            f"The jpeg image has {scans} scans; at most {MAX_JPEG_SCANS} are accepted.",
            remedy="Save it again with another program.",
        )


def read_image(path: Path, *, limits: DecodeLimits = FILE_LIMITS) -> Image:
    """Read and decode a file.

    Raises:
        ImageUnreadableError: missing, a folder, or not permitted.
        ImageTooLargeError, NotAnImageError: as `decode_image`.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limits.max_bytes + 1)
    except OSError as error:
        raise ImageUnreadableError(
            f"Cannot read {path}: {error.strerror or error}.",
            remedy="Check the path and its permissions.",
        ) from error
    try:
        return decode_image(data, limits=limits)
    except (NotAnImageError, ImageTooLargeError) as error:
        raise type(error)(f"{path}: {error.message}", remedy=error.remedy) from error


def encode_jpeg(image: Image, *, quality: int = 90) -> bytes:
    """Encode as JPEG; `quality` is 1..100."""
    done, data = cv2.imencode(
        ".jpg", image.to(ColourOrder.BGR).pixels, [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    if not done:
        raise ValueError("the image could not be encoded")
    return data.tobytes()


def encode_png(image: Image) -> bytes:
    """Encode without loss, and quickly rather than small."""
    done, data = cv2.imencode(
        ".png", image.to(ColourOrder.BGR).pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1]
    )
    if not done:
        raise ValueError("the image could not be encoded")
    return data.tobytes()
