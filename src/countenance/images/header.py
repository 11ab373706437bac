"""Read format and size from the first bytes of an image, before any decoder touches it.

A decoder allocates what the header promises, so the promise is checked first
(OWASP ASVS 5.0, 5.2.6: pixel-flood limit).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from countenance.images.errors import NotAnImageError


class ImageFormat(StrEnum):
    """The formats that are accepted."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    BMP = "bmp"


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What the first bytes promise."""

    format: ImageFormat
    width_px: int
    """As stored; a rotation noted in EXIF is not applied."""
    height_px: int


def parse_header(data: bytes) -> ImageHeader:
    """Tell format and size of an encoded image.

    Args:
        data: the encoded bytes, or enough of their beginning.

    Raises: NotAnImageError: empty, of another format, or damaged in the header.
    """
    if not data:
        raise NotAnImageError("The image is empty.", remedy="Choose a file that has content.")
    if data[:2] == b"\xff\xd8":
        return _jpeg(data)
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return _png(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    if data[:2] == b"BM":
        return _bmp(data)
    raise _unknown(data)


# First bytes of what people try most; the offset of the box type in HEIC and AVIF is 4.
_OTHERS: Final[tuple[tuple[int, bytes, str], ...]] = (
    (0, b"GIF8", "GIF"),
    (0, b"II*\x00", "TIFF"),
    (0, b"MM\x00*", "TIFF"),
    (4, b"ftypavif", "AVIF"),
    (4, b"ftypavis", "AVIF"),
    (4, b"ftyphe", "HEIC"),
    (4, b"ftypmif1", "HEIC"),
    (4, b"ftypmsf1", "HEIC"),
    (0, b"\x00\x00\x00\x0cjP  ", "JPEG 2000"),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000"),
    (0, b"\xff\x0a", "JPEG XL"),
    (0, b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (0, b"\x00\x00\x01\x00", "icon"),
    (0, b"8BPS", "Photoshop"),
    (0, b"%PDF-", "PDF"),
)


def _unknown(data: bytes) -> NotAnImageError:
    """Names the format where it is one that people use."""
    known = (name for at, mark, name in _OTHERS if data[at : at + len(mark)] == mark)
    name = next(known, None)
    if name is not None:
        return NotAnImageError(f"{name} files are not accepted.", remedy="Save it as JPEG or PNG.")
    return NotAnImageError(
        "These bytes are no image of an accepted format.", remedy="Use JPEG, PNG, WebP or BMP."
    )


def _header(kind: ImageFormat, width: int, height: int) -> ImageHeader:
    if width < 1 or height < 1:
        raise NotAnImageError(
            f"The {kind} header gives no size.", remedy="Save the image again and retry."
        )
    return ImageHeader(kind, width, height)


def _truncated(kind: ImageFormat) -> NotAnImageError:
    return NotAnImageError(
        f"The {kind} image ends too early.", remedy="Send or save the whole image again."
    )


# Start-of-frame markers of ISO/IEC 10918-1 table B.1, less DHT (C4), JPG (C8) and DAC (CC).
_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_STANDALONE_MARKERS = frozenset({0x01, *range(0xD0, 0xD9)})


def _jpeg(data: bytes) -> ImageHeader:
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            break
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if marker in _STANDALONE_MARKERS:
            at += 2
            continue
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if length < 2 or marker in (0xD9, 0xDA):
            break
        if marker in _FRAME_MARKERS:
            if at + 9 > len(data):
                break
            height = int.from_bytes(data[at + 5 : at + 7], "big")
            width = int.from_bytes(data[at + 7 : at + 9], "big")
            return _header(ImageFormat.JPEG, width, height)
        at += 2 + length
    raise _truncated(ImageFormat.JPEG)


# In coded data FF is followed by 00 or is a restart marker; any other pair is a marker.
_NEXT_MARKER: Final = re.compile(rb"\xff([^\x00\x01\xff\xd0-\xd7])")
_START_OF_SCAN: Final = 0xDA
_END_OF_IMAGE: Final = 0xD9


def count_jpeg_scans(data: bytes) -> int | None:
    """Count how often a JPEG goes over its pixels.

    Each scan costs a decoder a walk over the whole image, and a scan may be a dozen bytes long.

    Returns: 1 for a baseline JPEG, about 10 for a progressive one; None when the data ends before
    the end-of-image marker, for then a decoder would silently paint the rest grey.
    """
    scans, at = 0, 2
    while found := _NEXT_MARKER.search(data, at):
        marker, at = found[1][0], found.end()
        if marker == _END_OF_IMAGE:
            return scans
        scans += marker == _START_OF_SCAN
        at += int.from_bytes(data[at : at + 2], "big")
    return None


def _png(data: bytes) -> ImageHeader:
    if len(data) < 24 or data[12:16] != b"IHDR":
        raise _truncated(ImageFormat.PNG)
    width = int.from_bytes(data[16:20], "big")
    return _header(ImageFormat.PNG, width, int.from_bytes(data[20:24], "big"))


def _webp(data: bytes) -> ImageHeader:
    kind = data[12:16]
    if len(data) < 30:
        raise _truncated(ImageFormat.WEBP)
    if kind == b"VP8 ":
        width = int.from_bytes(data[26:28], "little") & 0x3FFF
        return _header(ImageFormat.WEBP, width, int.from_bytes(data[28:30], "little") & 0x3FFF)
    if kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return _header(ImageFormat.WEBP, (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8X":
        width = int.from_bytes(data[24:27], "little") + 1
        return _header(ImageFormat.WEBP, width, int.from_bytes(data[27:30], "little") + 1)
    raise _truncated(ImageFormat.WEBP)


def _bmp(data: bytes) -> ImageHeader:
    if len(data) < 26:
        raise _truncated(ImageFormat.BMP)
    width = int.from_bytes(data[18:22], "little", signed=True)
    # A negative height means rows from top to bottom.
    height = abs(int.from_bytes(data[22:26], "little", signed=True))
    return _header(ImageFormat.BMP, width, height)
