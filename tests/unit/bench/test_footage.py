"""Frames to measure: of a webcam's size, and none twice."""

from pathlib import Path

import numpy as np
import pytest

from countenance.bench.cores import held_to, this_machine
from countenance.bench.footage import as_webcam, default_clips, own_footage, read_footage
from countenance.images.errors import VideoUnreadableError
from countenance.images.image import ColourOrder, Image
from countenance.images.quality import frame_fingerprint, is_same_picture
from countenance.images.video import VideoWriter


def picture(width: int, height: int, *, seed: int = 0) -> Image:
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return Image(np.kron(coarse, np.ones((height // 8, width // 8, 1), np.uint8)))


@pytest.mark.parametrize("size", [(640, 480), (1920, 1080), (352, 640), (320, 240)])
def test_every_picture_becomes_a_webcams(size: tuple[int, int]) -> None:
    assert as_webcam(picture(*size)).pixels.shape == (480, 640, 3)


def test_the_middle_of_a_wide_picture_is_kept_without_stretching() -> None:
    pixels = np.zeros((480, 1280, 3), np.uint8)
    pixels[200:280, 600:680] = 255  # a square in the middle
    seen = as_webcam(Image(pixels)).pixels[..., 0] > 127
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    assert (len(rows), len(columns)) == (80, 80)
    assert columns[0] == 600 - 320


def test_colours_come_in_the_order_of_a_camera() -> None:
    red = np.zeros((480, 640, 3), np.uint8)
    red[..., 0] = 255
    assert tuple(as_webcam(Image(red, ColourOrder.RGB)).pixels[0, 0]) == (0, 0, 255)


def test_pictures_that_a_recording_holds_twice_are_taken_once(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    with VideoWriter(path, fps=30) as writer:
        for seed in (0, 0, 1, 1, 1, 2, 3):
            writer.write(picture(640, 480, seed=seed))
    footage = read_footage(path, limit=10)
    assert len(footage) == 4
    assert footage.fps == 30
    assert len(read_footage(path, limit=2)) == 2


def test_a_file_that_is_no_video_is_told(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_text("no video")
    with pytest.raises(VideoUnreadableError):
        read_footage(tmp_path / "clip.mp4", limit=5)


def test_the_own_portrait_moves_like_a_camera_picture_and_is_always_the_same() -> None:
    footage = own_footage(frames=8)
    prints = [frame_fingerprint(footage.frame(index)) for index in range(8)]
    assert not any(is_same_picture(prints[index], prints[index + 1]) for index in range(7))
    assert np.array_equal(footage.pixels, own_footage(frames=8).pixels)


def test_recorded_clips_are_looked_for_where_the_development_data_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = tmp_path / "data" / "liveness" / "clips"
    clips.mkdir(parents=True)
    for name in ("b_real.mp4", "a_real.webm", "a_fake.mp4"):
        (clips / name).touch()
    monkeypatch.setenv("COUNTENANCE_SHARED", str(tmp_path))
    assert [path.name for path in default_clips()] == ["a_real.webm", "b_real.mp4"]
    monkeypatch.setenv("COUNTENANCE_SHARED", str(tmp_path / "nowhere"))
    assert default_clips() == []


def test_a_measurement_holds_to_its_cores_and_gives_them_back() -> None:
    os = pytest.importorskip("os")
    if not hasattr(os, "sched_getaffinity"):
        pytest.skip("this system cannot hold a process to cores")
    before = os.sched_getaffinity(0)
    with held_to(1) as is_held:
        assert is_held
        assert len(os.sched_getaffinity(0)) == 1
    assert os.sched_getaffinity(0) == before


def test_the_machine_is_described_without_its_name() -> None:
    told = this_machine()
    assert told.cpu
    assert told.cores >= 1
    assert "countenance" in told.packages
    assert set(told.as_json()) == {"cpu", "cores", "system", "python", "packages"}
