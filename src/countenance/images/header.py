"""Read format and size from the first bytes of an image, before any decoder touches it.

A decoder allocates what the header promises, so the promise is checked first
(OWASP ASVS 5.0, 5.2.6: pixel-flood limit).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

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
    raise NotAnImageError(
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


def jpeg_is_complete(data: bytes) -> bool:
    """Whether a JPEG has its end-of-image marker; a decoder would silently paint the rest grey."""
    return data.rfind(b"\xff\xd9", max(0, data.rfind(b"\xff\xda"))) > 0


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
