from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countenance.images.codec import (
    CAPTURE_LIMITS,
    FILE_LIMITS,
    decode_image,
    encode_jpeg,
    read_image,
)
from countenance.images.errors import (
    ImageError,
    ImageTooLargeError,
    ImageUnreadableError,
    NotAnImageError,
)
from countenance.images.image import ColourOrder, Image

PICTURE = Image(np.random.default_rng(1).integers(0, 256, (48, 64, 3), dtype=np.uint8))


def encoded(suffix: str) -> bytes:
    return cv2.imencode(suffix, PICTURE.pixels)[1].tobytes()


def bomb(side_px: int) -> bytes:
    """A PNG of a few bytes that promises `side_px` squared pixels."""
    header = struct.pack(">IIBBBBB", side_px, side_px, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    return (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    )


@pytest.mark.parametrize("suffix", [".png", ".bmp"])
def test_lossless_files_come_back_pixel_by_pixel(suffix: str) -> None:
    decoded = decode_image(encoded(suffix), limits=FILE_LIMITS)
    np.testing.assert_array_equal(decoded.pixels, PICTURE.pixels)


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_camera_formats_keep_their_size(suffix: str) -> None:
    decoded = decode_image(encoded(suffix), limits=CAPTURE_LIMITS)
    assert (decoded.width_px, decoded.height_px) == (64, 48)


def test_a_capture_takes_no_png() -> None:
    with pytest.raises(NotAnImageError, match="png"):
        decode_image(encoded(".png"), limits=CAPTURE_LIMITS)


def test_a_pixel_bomb_is_refused_by_its_header() -> None:
    with pytest.raises(ImageTooLargeError, match="60000"):
        decode_image(bomb(60_000), limits=FILE_LIMITS)


def test_too_many_bytes_are_refused_unread() -> None:
    with pytest.raises(ImageTooLargeError):
        decode_image(b"\xff\xd8" + bytes(300_000), limits=CAPTURE_LIMITS)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.5, 0.9, 0.99])
def test_half_a_jpeg_is_refused_rather_than_painted_grey(share: float) -> None:
    whole = encode_jpeg(PICTURE)
    # Our own answer: whether the decoder would notice depends on its version.
    with pytest.raises(NotAnImageError, match="ends too early"):
        decode_image(whole[: int(len(whole) * share)], limits=CAPTURE_LIMITS)


@settings(max_examples=200)
@given(st.binary(max_size=300), st.sampled_from([b"", b"\xff\xd8\xff", b"RIFF0000WEBPVP8 ", b"BM"]))
def test_noise_is_refused_with_an_error_of_ours(noise: bytes, prefix: bytes) -> None:
    with pytest.raises(ImageError):
        decode_image(prefix + noise, limits=CAPTURE_LIMITS)


def scan_bomb(scans: int) -> bytes:
    """A progressive JPEG whose smallest scan comes again and again."""
    whole = cv2.imencode(".jpg", PICTURE.pixels, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    begin = whole.rindex(b"\xff\xda")
    return whole[:begin] + whole[begin:-2] * scans + whole[-2:]


def test_an_image_that_would_be_walked_over_a_thousand_times_is_refused_before_decoding() -> None:
    assert decode_image(scan_bomb(2), limits=FILE_LIMITS).width_px == PICTURE.width_px
    with pytest.raises(ImageTooLargeError, match="scans"):
        decode_image(scan_bomb(1000), limits=FILE_LIMITS)


def test_a_missing_file_and_a_folder_say_so(tmp_path: Path) -> None:
    for path in (tmp_path / "none.jpg", tmp_path):
        with pytest.raises(ImageUnreadableError, match=str(path)):
            read_image(path)


def test_a_file_that_is_no_image_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture", encoding="ascii")
    with pytest.raises(NotAnImageError, match=r"notes\.txt"):
        read_image(tmp_path / "notes.txt")


def test_colour_order_changes_channels_once() -> None:
    rgb = PICTURE.to(ColourOrder.RGB)
    np.testing.assert_array_equal(rgb.pixels[..., ::-1], PICTURE.pixels)
    assert rgb.to(ColourOrder.RGB) is rgb
    assert encode_jpeg(rgb) == encode_jpeg(PICTURE)
