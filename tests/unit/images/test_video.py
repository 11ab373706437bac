"""Video files that are whole, damaged, empty or no video at all."""

from pathlib import Path

import numpy as np
import pytest

from countenance.images.errors import CameraError, VideoUnreadableError, VideoUnwritableError
from countenance.images.image import Image
from countenance.images.video import VideoWriter, open_camera, open_video


def grey(level: int) -> Image:
    return Image(np.full((120, 160, 3), level, np.uint8))


def write(path: Path, *, frames: int = 30, fps: float = 25.0) -> Path:
    with VideoWriter(path, fps=fps) as writer:
        for index in range(frames):
            writer.write(grey(8 * index % 256))
    return path


@pytest.mark.parametrize("suffix", [".mp4", ".avi", ".mkv", ".webm"])
def test_what_is_written_is_read_again(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"clip{suffix}")
    with open_video(path) as reader:
        frames = list(reader.frames())
        assert reader.fps == pytest.approx(25.0, rel=0.01)
    assert len(frames) == 30
    assert [frame.index for frame in frames] == list(range(30))
    assert frames[-1].at_s == pytest.approx(29 / 25, abs=0.05)
    assert float(frames[10].image.pixels.mean()) == pytest.approx(80, abs=6)


def test_a_gap_of_the_source_is_filled(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "clip.avi", fps=10.0) as writer:
        for at_s in (0.0, 0.1, 1.0):
            writer.write(grey(90), at_s=at_s)
    with open_video(tmp_path / "clip.avi") as reader:
        assert len(list(reader.frames())) == 11


def test_what_is_more_than_the_rate_is_left_out(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "clip.avi", fps=10.0) as writer:
        for index in range(40):  # twice the rate
            writer.write(grey(90), at_s=index / 20)
    with open_video(tmp_path / "clip.avi") as reader:
        assert len(list(reader.frames())) == pytest.approx(20, abs=2)


def test_a_steady_source_keeps_every_frame(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "clip.avi", fps=29.97) as writer:
        for index in range(90):
            writer.write(grey(90), at_s=index / 29.97 + (0.004 if index % 2 else 0.0))
    with open_video(tmp_path / "clip.avi") as reader:
        assert len(list(reader.frames())) == 90


def test_a_truncated_video_is_told(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.avi", frames=100).read_bytes()
    half = tmp_path / "half.avi"
    half.write_bytes(whole[: len(whole) // 2])
    with open_video(half) as reader, pytest.raises(VideoUnreadableError, match="ends too early"):
        list(reader.frames())


def test_an_mp4_without_its_index_is_told(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.mp4").read_bytes()
    (tmp_path / "half.mp4").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(VideoUnreadableError, match="no video"):
        open_video(tmp_path / "half.mp4")


@pytest.mark.parametrize("content", [b"", b"hello\n" * 500, bytes(5000)])
def test_what_is_no_video_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(VideoUnreadableError, match="no video"):
        open_video(path)


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.mp4", tmp_path):
        with pytest.raises(VideoUnreadableError, match="Cannot read"):
            open_video(path)


def test_an_error_leaves_the_earlier_file_and_no_part(tmp_path: Path) -> None:
    path = tmp_path / "out.avi"
    path.write_bytes(b"earlier")
    with pytest.raises(RuntimeError), VideoWriter(path, fps=10.0) as writer:
        writer.write(grey(1))
        raise RuntimeError
    assert path.read_bytes() == b"earlier"
    assert list(tmp_path.iterdir()) == [path]


def test_a_video_without_frames_is_not_left_behind(tmp_path: Path) -> None:
    with pytest.raises(VideoUnwritableError), VideoWriter(tmp_path / "out.mp4", fps=10.0):
        pass
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_suffix_and_a_missing_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(VideoUnwritableError, match="no video format"):
        VideoWriter(tmp_path / "out.gif", fps=10.0)
    with pytest.raises(VideoUnwritableError, match="Cannot write"):
        VideoWriter(tmp_path / "absent" / "out.mp4", fps=10.0)


def test_a_camera_that_is_not_there_is_told() -> None:
    with pytest.raises(CameraError, match="no camera 97"):
        open_camera(97)
