"""Which part of a frame is spent in ONNX Runtime's kernels: the bound of everything around them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

from countenance.bench.timing import Timing
from countenance.vision.backends.onnx.profiling import Interval, Profile, covered_ns


@dataclass(frozen=True, slots=True)
class KernelTimes:
    """One entry for each measured turn."""

    kernel_ms: list[float]
    """Milliseconds of a frame in which some kernel ran; overlapping ones count once."""
    share: list[float]
    """The same over the wall time of the very same frames, profiler's own cost included."""


class ProfiledTurn:
    """The work of a lane whose sessions are profiled; it notes when each frame was worked on."""

    def __init__(self, work: Callable[[Sequence[int]], Timing], profile: Profile) -> None:
        self._work = work
        self._profile = profile
        self._spans: list[tuple[Interval, Timing]] = []

    def __call__(self, frames: Sequence[int]) -> Timing:
        began = self._profile.now_ns()
        timing = self._work(frames)
        self._spans.append(((began, self._profile.now_ns()), timing))
        return timing

    def conclude(self) -> KernelTimes:
        """End the profile; the first turn warmed up and is left out."""
        intervals = self._profile.kernel_intervals()
        kernel_ms, share = [], []
        for span, timing in self._spans[1:]:
            inside_ms = covered_ns(intervals, within=span) / 1e6
            kernel_ms.append(inside_ms / len(timing.wall_ms))
            share.append(kernel_ms[-1] / fmean(timing.wall_ms))
        return KernelTimes(kernel_ms, share)
