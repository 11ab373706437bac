from __future__ import annotations

import cv2
import numpy as np
import pytest

from countenance.images.errors import NotAnImageError
from countenance.images.header import ImageFormat, count_jpeg_scans, parse_header

PICTURE = np.random.default_rng(2).integers(0, 256, (37, 53, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("suffix", "options", "kind"),
    [
        (".jpg", [], ImageFormat.JPEG),
        (".jpg", [cv2.IMWRITE_JPEG_PROGRESSIVE, 1], ImageFormat.JPEG),
        (".png", [], ImageFormat.PNG),
        (".webp", [cv2.IMWRITE_WEBP_QUALITY, 80], ImageFormat.WEBP),
        (".webp", [cv2.IMWRITE_WEBP_QUALITY, 101], ImageFormat.WEBP),  # lossless, VP8L
        (".bmp", [], ImageFormat.BMP),
    ],
)
def test_size_and_format_stand_in_the_header(
    suffix: str, options: list[int], kind: ImageFormat
) -> None:
    data = cv2.imencode(suffix, PICTURE, options)[1].tobytes()
    header = parse_header(data)
    assert (header.format, header.width_px, header.height_px) == (kind, 53, 37)


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"GIF89a..", b"<svg/>", b"BM", b"RIFF----WEBP"]
)
def test_what_is_no_image_is_refused(data: bytes) -> None:
    with pytest.raises(NotAnImageError):
        parse_header(data)


@pytest.mark.parametrize(("progressive", "least", "most"), [(0, 1, 1), (1, 5, 15)])
def test_a_jpeg_tells_its_scans_and_without_its_end_marker_nothing(
    progressive: int, least: int, most: int
) -> None:
    options = [cv2.IMWRITE_JPEG_PROGRESSIVE, progressive, cv2.IMWRITE_JPEG_RST_INTERVAL, 2]
    data = cv2.imencode(".jpg", PICTURE, options)[1].tobytes()
    assert least <= (count_jpeg_scans(data) or 0) <= most
    assert count_jpeg_scans(data[:-2]) is None
    # A phone may append a film of the moment, which can hold any bytes.
    assert count_jpeg_scans(data + b"ftypmp42\xff\xda\x00\x08film") == count_jpeg_scans(data)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"GIF89a\x01\x00", "GIF"),
        (b"II*\x00\x08\x00", "TIFF"),
        (b"\x00\x00\x00\x1cftypheic\x00\x00", "HEIC"),
        (b"\x00\x00\x00\x1cftypavif\x00\x00", "AVIF"),
        (b"%PDF-1.7", "PDF"),
    ],
)
def test_a_known_format_that_is_not_accepted_is_named(data: bytes, name: str) -> None:
    with pytest.raises(NotAnImageError, match=rf"{name} files are not accepted.*Save it as JPEG"):
        parse_header(data)
