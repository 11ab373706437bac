"""The work of `countenance pad collect`: one input after the other into the folder."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

    from countenance.datasets.capture import Capture, CaptureTally
    from countenance.datasets.dataset_folder import DatasetFolder, Declared
    from countenance.errors import CountenanceError
    from countenance.images.video import VideoFrame
    from countenance.vision.interfaces import FaceDetector


@dataclass(slots=True)
class Harvest:
    """One run: what is wanted, and what came of it."""

    declared: Declared
    detector: FaceDetector
    nth: int
    confidence: float
    limit: int | None
    tally: CaptureTally
    inputs: int = 0
    """Files that were read to their end, and cameras."""
    refused: list[tuple[str, CountenanceError]] = field(default_factory=list)
    """Inputs that could not be read, or only in part."""


def gather(harvest: Harvest, source: str, folder: DatasetFolder, progress: Progress) -> None:
    """Collect from an input; files of a folder that cannot be used are noted and passed over.

    Raises: CountenanceError: the camera is not there, or nothing more can be written.
    """
    from countenance.datasets.errors import CollectionError
    from countenance.images.errors import ImageError
    from countenance.images.sources import SourceKind, source_kind

    if source.isdecimal():
        _gather_camera(harvest, source, folder, progress)
        return
    is_folder = source_kind(source) is SourceKind.FOLDER
    paths = _files_under(Path(source), folder.path) if is_folder else [Path(source)]
    task = progress.add_task("Files", total=len(paths), visible=is_folder)
    for path in paths:
        try:
            _gather_file(harvest, path, folder, progress)
        except (ImageError, CollectionError) as error:
            harvest.refused.append((str(path), error))
        progress.advance(task)


def _gather_camera(
    harvest: Harvest, source: str, folder: DatasetFolder, progress: Progress
) -> None:
    from countenance.images.sources import open_source

    with open_source(source) as reader:
        capture = _capture(harvest, folder, f"camera-{secrets.token_hex(16)}")
        task = progress.add_task(f"Camera {source}", total=harvest.limit)
        for frame in reader.frames():
            _take(harvest, capture, frame)
            progress.update(task, completed=capture.count)
            if _is_enough(harvest, capture):
                break
    harvest.inputs += 1


def _gather_file(harvest: Harvest, path: Path, folder: DatasetFolder, progress: Progress) -> None:
    from countenance.datasets.capture import digest_of
    from countenance.images.codec import read_image
    from countenance.images.sources import SourceKind, source_kind
    from countenance.images.video import VideoFrame, open_video

    is_video = source_kind(str(path)) is SourceKind.VIDEO
    capture = _capture(harvest, folder, digest_of(path))
    if not is_video:
        capture.take(VideoFrame(0, 0.0, read_image(path)))
    else:
        with open_video(path) as reader:
            task = progress.add_task(path.name, total=reader.frame_count)
            for frame in reader.frames():
                if _is_enough(harvest, capture):
                    break
                _take(harvest, capture, frame)
                progress.update(task, completed=frame.index + 1)
            progress.remove_task(task)
    harvest.inputs += 1


def _capture(harvest: Harvest, folder: DatasetFolder, input_: str) -> Capture:
    from countenance.datasets.capture import Capture

    return Capture(
        folder,
        harvest.detector,
        declared=harvest.declared,
        input_=input_,
        tally=harvest.tally,
        least_confidence=harvest.confidence,
    )


def _take(harvest: Harvest, capture: Capture, frame: VideoFrame) -> None:
    if frame.index % harvest.nth == 0:
        capture.take(frame)


def _is_enough(harvest: Harvest, capture: Capture) -> bool:
    return harvest.limit is not None and capture.count >= harvest.limit


def _files_under(folder: Path, output: Path) -> list[Path]:
    """All files by name, without hidden ones, links and what was collected before."""
    found = []
    for where, names, files in os.walk(folder):
        names[:] = sorted(
            name
            for name in names
            if not name.startswith(".") and not _is_same(Path(where, name), output)
        )
        found += [Path(where, name) for name in sorted(files) if not name.startswith(".")]
    return [] if _is_same(folder, output) else found


def _is_same(a: Path, b: Path) -> bool:
    return b.exists() and a.samefile(b)
