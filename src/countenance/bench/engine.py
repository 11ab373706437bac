"""`bench engine`: a login frame and its parts, beside other software on the same frames."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from countenance.bench.cores import held_to, this_machine
from countenance.bench.engine_report import EngineReport
from countenance.bench.footage import HEIGHT_PX, WIDTH_PX, Footage
from countenance.bench.kernels import ProfiledTurn
from countenance.bench.lanes import Lane, Results, race
from countenance.bench.own import (
    SMALL_PX,
    Login,
    LoginTurn,
    Parts,
    aligned,
    largest_faces,
    scaled_down,
    template_from,
)
from countenance.bench.parity import Parity, parity_of
from countenance.bench.peers.catalogue import PeerName
from countenance.bench.peers.process import PeerProcess
from countenance.bench.peers.start import Peers, PeerSetup, start_peers
from countenance.bench.timing import Timing
from countenance.images.codec import encode_jpeg
from countenance.vision.backends.onnx.profiling import profiling
from countenance.vision.engine import Engine

JPEG_QUALITY: Final = 85
"""Of the frames that are measured from JPEG, as browsers send them."""


@dataclass(frozen=True, slots=True)
class EngineBench:
    """What to measure."""

    footage: Footage
    rounds: int
    peers: Sequence[PeerName]
    setup: PeerSetup
    open_engine: Callable[[], Engine]
    """Opens a new engine each time, with the threads of `setup`."""


def measure_engine(bench: EngineBench, *, finished: Callable[[int], None]) -> EngineReport:
    """Measure a login frame, the detector and the embedder, everybody in turn.

    Args:
        bench: what to measure.
        finished: takes how many turns there are in all, after each of them.

    Raises:
        BenchError: no frame shows a face.
        VisionError: a model is missing or altered.
    """
    with ExitStack() as closing:
        is_held = closing.enter_context(held_to(bench.setup.threads))
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="countenance-")))
        with profiling(folder) as profile:
            profiled_engine = bench.open_engine()
        engine = bench.open_engine()
        scene = _scene(bench.footage, engine)
        profiled = ProfiledTurn(scene.login(profiled_engine), profile)
        peers = start_peers(bench.peers, setup=bench.setup, closing=closing)
        share_arrays(peers, scene.arrays(), folder=folder)
        lanes = [*_own_lanes(scene, engine), Lane("profiled", profiled), *_peer_lanes(peers)]
        results = race(
            lanes,
            rounds=bench.rounds,
            available=len(bench.footage),
            failed=peers.drop_named,
            finished=partial(finished, (bench.rounds + 1) * len(lanes)),
        )
        return EngineReport(
            results=results,
            kernels=profiled.conclude(),
            parity=_parity(results),
            peers=peers.as_json(),
            clip=bench.footage.name,
            frames=len(bench.footage),
            rounds=bench.rounds,
            threads=bench.setup.threads,
            is_held=is_held,
            machine=this_machine(),
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Scene:
    """The frames and what is cut out of them beforehand."""

    footage: Footage
    small: NDArray[np.uint8]
    crops: NDArray[np.uint8]
    login: Callable[[Engine], LoginTurn]

    def arrays(self) -> dict[str, NDArray[np.uint8]]:
        """What peers are handed."""
        return {"frames": self.footage.pixels, "small": self.small, "crops": self.crops}


def _scene(footage: Footage, engine: Engine) -> _Scene:
    faces = largest_faces(engine, footage)
    template = template_from(engine, footage, faces)
    return _Scene(
        footage,
        scaled_down(footage),
        aligned(footage, faces),
        lambda engine: LoginTurn(Login(engine, template), footage),
    )


def share_arrays(peers: Peers, arrays: dict[str, NDArray[np.uint8]], *, folder: Path) -> None:
    """Hand every running peer the same files."""
    for process in peers.running.values():
        for name, array in arrays.items():
            process.share(name, array, path=folder / f"{name}.raw")


def _own_lanes(scene: _Scene, engine: Engine) -> list[Lane]:
    footage = scene.footage
    jpegs = [
        encode_jpeg(footage.frame(index), quality=JPEG_QUALITY) for index in range(len(footage))
    ]
    from_jpeg = scene.login(engine).from_jpegs(jpegs)
    parts = Parts(engine, footage, scene.crops)
    return [
        Lane("frame", scene.login(engine)),
        Lane("frame_from_jpeg", from_jpeg),
        Lane("detector", parts.detect),
        Lane("detector_small", partial(parts.detect_small, scene.small)),
        Lane("embedding", parts.embed),
    ]


def _peer_lanes(peers: Peers) -> Iterator[Lane]:
    for name, process in peers.running.items():
        is_slow = name is PeerName.DLIB_CNN
        yield Lane(f"{name}_frame", ask(process, "frame", "frames"), name.value, is_slow)
        if name is PeerName.OPENCV:
            yield Lane("opencv_detector", ask(process, "detect", "frames"), name.value)
            yield Lane("opencv_detector_small", ask(process, "detect", "small"), name.value)
            yield Lane("opencv_embedding", ask(process, "embed", "crops"), name.value)


def ask(process: PeerProcess, task: str, array: str) -> Callable[[Sequence[int]], Timing]:
    """The work of a peer's lane."""
    return lambda frames: process.time(task, frames, array=array)


def _parity(results: Results) -> Parity | None:
    if "opencv_embedding" not in results.turns:
        return None
    faces = [
        (ours, theirs, side_px)
        for lane, side_px in (
            ("detector", max(WIDTH_PX, HEIGHT_PX)),
            ("detector_small", max(SMALL_PX)),
        )
        for ours, theirs in zip(results.values(lane), results.values(f"opencv_{lane}"), strict=True)
    ]
    embeddings = zip(results.values("embedding"), results.values("opencv_embedding"), strict=True)
    return parity_of(faces=faces, embeddings=list(embeddings))
