"""Every reader of bytes or text of a capture, which a stranger may reach, and the lab's first one.

Nothing of the product is imported before a target is loaded, so that its branches can be watched.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Iterator

from tools.fuzz.target import Probe, Target


def _images() -> list[bytes]:
    """Small pictures in every accepted form, and one that is progressive."""
    import cv2
    import numpy as np

    pixels = np.arange(16 * 24 * 3, dtype=np.uint8).reshape(16, 24, 3)
    forms: list[tuple[str, list[int]]] = [
        (".jpg", []),
        (".jpg", [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]),
        (".jpg", [cv2.IMWRITE_JPEG_RST_INTERVAL, 1]),
        (".png", []),
        (".webp", [cv2.IMWRITE_WEBP_QUALITY, 50]),
        (".webp", [cv2.IMWRITE_WEBP_QUALITY, 101]),
        (".bmp", []),
    ]
    return [cv2.imencode(ending, pixels, options)[1].tobytes() for ending, options in forms]


def _expect(holds: bool) -> None:
    """What has to hold of a refusal."""
    if not holds:
        raise AssertionError("refused otherwise than documented")


def _frame() -> Probe:
    from countenance.ceremony import protocol

    def probe(data: bytes) -> None:
        try:
            frame = protocol.unpack_frame(data)
        except protocol.ProtocolError as error:
            _expect(error.violation in (protocol.Violation.TOO_LARGE, protocol.Violation.MALFORMED))
            return False
        assert protocol.pack_frame(frame) == data
        assert 1 <= len(frame.image) <= protocol.MAX_IMAGE_BYTES
        assert 0 <= frame.sequence < 1 << 32
        assert 0 <= frame.captured_ms < 1 << 32
        try:
            protocol.unpack_frame(data.decode("latin-1"))
        except protocol.ProtocolError as error:
            _expect(error.violation is protocol.Violation.NOT_BINARY)
            return True
        raise AssertionError("text was taken for a frame")

    return probe


def _frame_seeds() -> Iterator[bytes]:
    for image in (b"\x00", *_images()[:1]):
        yield b"CNF1" + struct.pack(">II", 7, 1234) + image
    yield b"CNF1" + bytes(8)


def _hello() -> Probe:
    from countenance.ceremony import camera_hello
    from countenance.ceremony.protocol import ProtocolError

    def probe(data: bytes) -> None:
        # The transport hands over valid UTF-8 alone; a lone surrogate can come out of JSON only.
        text = data.decode("utf-8", "replace")
        try:
            hello = camera_hello.unpack_hello(text)
        except ProtocolError:
            return False
        assert len(text.encode()) <= camera_hello.MAX_HELLO_BYTES
        assert len(hello.label) <= camera_hello.MAX_LABEL
        assert 0 <= hello.width_px <= camera_hello.MAX_SIDE_PX
        assert 0 <= hello.height_px <= camera_hello.MAX_SIDE_PX
        assert 0 <= hello.fps <= camera_hello.MAX_FPS
        assert len(hello.capabilities) <= camera_hello.MAX_CAPABILITIES
        told = {
            "type": "camera",
            "label": hello.label,
            "width": hello.width_px,
            "height": hello.height_px,
            "frame_rate": hello.fps,
            "facing": hello.facing,
            "capabilities": list(hello.capabilities),
        }
        again = json.dumps(told, ensure_ascii=False)
        if len(again.encode("utf-8", "replace")) <= camera_hello.MAX_HELLO_BYTES:
            assert camera_hello.unpack_hello(again) == hello
        return True

    return probe


def _hello_seeds() -> Iterator[bytes]:
    yield b'{"type": "camera", "label": "Integrated Camera"}'
    yield (
        b'{"type":"camera","label":"OBS","width":640,"height":480.5,"frame_rate":3e1,'
        b'"facing":"user","capabilities":["brightness","zoom"]}'
    )
    yield b'{"type":"camera","label":"\\ud800","width":NaN}'
    yield b"[" * 2000


def _header() -> Probe:
    from countenance.images import header
    from countenance.images.errors import NotAnImageError

    def probe(data: bytes) -> None:
        scans = header.count_jpeg_scans(data)
        assert scans is None or 0 <= scans <= len(data)
        try:
            found = header.parse_header(data)
        except NotAnImageError as error:
            _expect(bool(error.remedy))
            return False
        assert found.width_px >= 1
        assert found.height_px >= 1
        assert header.parse_header(data + b"\xff\xda") == found  # the beginning decides
        return True

    return probe


def _decode() -> Probe:
    from countenance.images import codec, header
    from countenance.images.errors import ImageError

    def probe(data: bytes) -> None:
        try:
            image = codec.decode_image(data, limits=codec.CAPTURE_LIMITS)
        except ImageError:
            return False
        told = header.parse_header(data)
        assert {image.width_px, image.height_px} == {told.width_px, told.height_px}
        assert max(image.width_px, image.height_px) <= codec.CAPTURE_LIMITS.max_side_px
        return True

    return probe


def _session() -> Probe:
    from tools.fuzz.captures import probe_capture

    return probe_capture()


def _session_seeds() -> Iterator[bytes]:
    from tools.fuzz.captures import packed

    jpeg, webp = _images()[0], _images()[4]
    hello = next(_hello_seeds())
    yield packed([(0, hello), (2, jpeg), (2, webp), (2, jpeg)])
    yield packed([(2, jpeg), (2, jpeg), (2, jpeg), (2, jpeg)])
    yield packed([(1, b"CNF1" + bytes(8) + jpeg), (1, b"CNF1" + bytes(8) + jpeg)])
    yield packed([(3, b"\xff"), (2, b"no picture")])


def _wish() -> Probe:
    from countenance.web.lab import wish
    from countenance.web.lab.errors import LabRequestError

    def probe(data: bytes) -> None:
        try:
            found = wish.parse_wish(data.decode("utf-8", "replace"))
        except LabRequestError as error:
            _expect(bool(error.message))
            return False
        if found.file is not None:
            assert 1 <= found.file.size_bytes <= wish.MAX_FILE_BYTES
            assert 1 <= len(found.file.name) <= 120
        if found.collect is not None:
            assert 1 <= found.collect.seconds <= wish.MAX_SECONDS
            assert 1 <= found.collect.pictures <= wish.MAX_PICTURES
            assert len(found.collect.note) <= wish.MAX_NOTE
        return True

    return probe


def _wish_seeds() -> Iterator[bytes]:
    yield b'{"do": "try"}'
    yield b'{"do": "try", "from": "file", "name": "a.mp4", "size": 1000}'
    yield (
        b'{"do":"collect","agreed":true,"dataset":"d","label":"attack","species":"print",'
        b'"subject":"s1","source":"desk","note":"n","seconds":3.5,"pictures":9}'
    )


def _all(images: Iterable[bytes]) -> Iterator[bytes]:
    yield from images
    yield b"\xff\xd8\xff\xff\xd0\xff\xe0\x00\x04\x00\x00\xff\xc0"
    yield b"GIF89a"


TARGETS = {
    target.name: target
    for target in (
        Target("frame", ("countenance.ceremony.protocol",), _frame, _frame_seeds, 1 << 12, 50, 32),
        Target("hello", ("countenance.ceremony.camera_hello",), _hello, _hello_seeds, 4096, 50, 32),
        Target(
            "header",
            ("countenance.images.header",),
            _header,
            lambda: _all(_images()),
            1024,
            50,
            32,
        ),
        Target(
            "decode",
            ("countenance.images.header", "countenance.images.codec"),
            _decode,
            lambda: _all(_images()),
            8192,
            1000,
            192,
        ),
        Target(
            "session",
            (
                "countenance.ceremony.protocol",
                "countenance.ceremony.camera_hello",
                "countenance.ceremony.timing",
                "countenance.web.capture.session",
            ),
            _session,
            _session_seeds,
            8192,
            2000,
            192,
        ),
        Target("wish", ("countenance.web.lab.wish",), _wish, _wish_seeds, 5000, 50, 32, True),
    )
}
