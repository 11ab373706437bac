"""What `bench engine` found: figures, ratios, their spread, and tables of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Final

from countenance.bench.cores import Machine
from countenance.bench.kernels import KernelTimes
from countenance.bench.lanes import ROUND_FRAMES, Results
from countenance.bench.own import SMALL_PX
from countenance.bench.parity import Parity
from countenance.bench.spread import Spread, ratio_of, spread_of

TIMES: Final = {
    "frame_ms": "frame",
    "frame_from_jpeg_ms": "frame_from_jpeg",
    "seed_path_ms": "seeds_frame",
    "dlib_cnn_path_ms": "dlib-cnn_frame",
    "opencv_path_ms": "opencv_frame",
    "detector_ms": "detector",
    "opencv_detector_ms": "opencv_detector",
    "detector_small_ms": "detector_small",
    "opencv_detector_small_ms": "opencv_detector_small",
    "embedding_ms": "embedding",
    "opencv_embedding_ms": "opencv_embedding",
}
"""Key of the report to lane."""
RATIOS: Final = {
    "ratio_to_seed_path": ("seeds_frame", "frame"),
    "ratio_to_dlib_cnn_path": ("dlib-cnn_frame", "frame"),
    "ratio_to_opencv_path": ("opencv_frame", "frame"),
    "ratio_detector": ("opencv_detector", "detector"),
    "ratio_detector_small": ("opencv_detector_small", "detector_small"),
    "ratio_embedding": ("opencv_embedding", "embedding"),
}
"""Key of the report to the lanes of both sides; how many times the first takes as long."""


@dataclass(frozen=True, slots=True)
class EngineReport:
    """One measurement."""

    results: Results
    kernels: KernelTimes
    parity: Parity | None
    """None without OpenCV's answers."""
    peers: dict[str, object]
    clip: str
    frames: int
    rounds: int
    threads: int
    is_held: bool
    """Whether everybody was held to as many cores as threads."""
    machine: Machine

    def figures(self) -> dict[str, Spread | None]:
        """Every time and ratio; None where a peer is absent."""
        kernels = {
            "kernel_ms": spread_of(self.kernels.kernel_ms),
            "kernel_share": spread_of(self.kernels.share),
        }
        return {**self._times_and_ratios(self.results.wall_ms), **kernels}

    def processor_figures(self) -> dict[str, Spread | None]:
        """The same in processor time, which other work on the machine disturbs less."""
        return self._times_and_ratios(self.results.cpu_ms)

    def _times_and_ratios(self, samples: Callable[[str], list[float]]) -> dict[str, Spread | None]:
        there = self.results.turns
        times = {
            key: spread_of(samples(lane)) if lane in there else None for key, lane in TIMES.items()
        }
        ratios = {
            key: ratio_of(samples(slow), samples(fast)) if slow in there else None
            for key, (slow, fast) in RATIOS.items()
        }
        return {**times, **ratios}

    def as_json(self) -> dict[str, object]:
        """The stable keys of `bench engine --json`."""
        figures = self.figures()
        return {
            **_medians(figures),
            "cpu": _medians(self.processor_figures()),
            "frame_over_kernels": round(1 / median(self.kernels.share), 4),
            "parity_max_abs": self.parity.max_abs if self.parity else None,
            "parity": self.parity.as_json() if self.parity else None,
            "judged_share": self.judged_share,
            "face_found_share": self.face_found_share(),
            "spread": {
                key: [round(value.low, 4), round(value.high, 4)] if value else None
                for key, value in figures.items()
            },
            "clip": self.clip,
            "frames": self.frames,
            "rounds": self.rounds,
            "frames_per_round": min(ROUND_FRAMES, self.frames),
            "threads": self.threads,
            "held_to_cores": self.is_held,
            "machine": self.machine.as_json(),
            "peers": self.peers,
        }

    @property
    def judged_share(self) -> float:
        """Share of our frames that were good enough to be embedded and judged."""
        faces = [analysis.observation.face for analysis in self.results.values("frame")]
        judged = [face is not None and face.has_quality for face in faces]
        return round(judged.count(True) / len(judged), 4)

    def face_found_share(self) -> dict[str, float]:
        """Share of frames in which each peer that runs found a face, by its lane's name."""
        return {
            lane.removesuffix("_frame"): round(
                sum(value is not None for value in self.results.values(lane))
                / len(self.results.values(lane)),
                4,
            )
            for lane in ("seeds_frame", "dlib-cnn_frame", "opencv_frame")
            if lane in self.results.turns
        }

    def rows(self) -> Iterator[tuple[str, str, str, str, str]]:
        """Work, our time, whom it is compared with, their time, how many times faster we are."""
        figures = self.figures()
        for work, own, whom, other, ratio in _TABLE:
            yield (
                work,
                _milliseconds(figures[own]),
                whom,
                _milliseconds(figures[other]) if other else "",
                _times(figures[ratio]) if ratio else "",
            )

    def markdown(self) -> str:
        """A table and its conditions, for a page."""
        head = (
            "| Work | Countenance | Compared with | takes | times as long |\n|---|---|---|---|---|"
        )
        rows = "\n".join(f"| {' | '.join(row)} |" for row in self.rows())
        return f"{head}\n{rows}\n\n{self.conditions()}"

    def conditions(self) -> str:
        """What was measured, on what, and how near the bound it is."""
        share = spread_of(self.kernels.share)
        parity = (
            f" Largest difference from OpenCV {self.parity.max_abs:.1e}." if self.parity else ""
        )
        held = "held to as many cores" if self.is_held else "not held to cores"
        return (
            f"{self.machine}. {self.threads} thread(s), everybody {held}. "
            f"{self.frames} consecutive frames of 640 x 480 from {self.clip}; "
            f"{self.judged_share:.0%} were embedded and judged. "
            f"Medians of {self.rounds} interleaved rounds of {ROUND_FRAMES} frames with quartiles; "
            f"ratios with 95 % bootstrap intervals. ONNX Runtime's kernels take "
            f"{share.median:.0%} of the frame ({share.low:.0%} to {share.high:.0%}). "
            f"{self._in_processor_time()}{parity}"
        )

    def _in_processor_time(self) -> str:
        figures = self.processor_figures()
        ratio, frame, seeds = (
            figures[key] for key in ("ratio_to_seed_path", "frame_ms", "seed_path_ms")
        )
        if ratio is None:
            return f"In processor time a frame takes {_milliseconds(frame)}."
        return (
            f"In processor time a frame takes {_milliseconds(frame)}, face_recognition "
            f"{_milliseconds(seeds)}, {_times(ratio)} times as long."
        )


_FRAME: Final = "One login frame, from pixels to evidence"
_SMALL: Final = f"Detector, {SMALL_PX[0]} x {SMALL_PX[1]}"
_TABLE: Final = (
    (_FRAME, "frame_ms", "face_recognition (HOG, ResNet)", "seed_path_ms", "ratio_to_seed_path"),
    (_FRAME, "frame_ms", "dlib CNN, ResNet", "dlib_cnn_path_ms", "ratio_to_dlib_cnn_path"),
    (
        _FRAME,
        "frame_ms",
        "OpenCV, detector and embedder alone",
        "opencv_path_ms",
        "ratio_to_opencv_path",
    ),
    ("The same from JPEG", "frame_from_jpeg_ms", "", "", ""),
    ("Detector, 640 x 480", "detector_ms", "OpenCV", "opencv_detector_ms", "ratio_detector"),
    (_SMALL, "detector_small_ms", "OpenCV", "opencv_detector_small_ms", "ratio_detector_small"),
    ("Embedding", "embedding_ms", "OpenCV", "opencv_embedding_ms", "ratio_embedding"),
)


def _medians(figures: dict[str, Spread | None]) -> dict[str, float | None]:
    return {key: round(value.median, 4) if value else None for key, value in figures.items()}


def _milliseconds(value: Spread | None) -> str:
    if value is None:
        return "not measured"
    digits = 0 if value.median >= 100 else 1
    low, middle, high = (
        f"{number:,.{digits}f}" for number in (value.low, value.median, value.high)
    )
    return f"{middle} ms ({low} to {high})"


def _times(value: Spread | None) -> str:
    return "" if value is None else f"{value.median:.1f} ({value.low:.1f} to {value.high:.1f})"
