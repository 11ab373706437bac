from __future__ import annotations

import cv2
import numpy as np
import pytest

from countenance.images.errors import NotAnImageError
from countenance.images.header import ImageFormat, jpeg_is_complete, parse_header

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


def test_a_jpeg_is_complete_only_with_its_end_marker() -> None:
    data = cv2.imencode(".jpg", PICTURE)[1].tobytes()
    assert jpeg_is_complete(data)
    assert not jpeg_is_complete(data[:-2])
