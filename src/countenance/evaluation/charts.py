"""The charts of a report: error trade-off, scores, error versus discard.

Each is a figure of matplotlib that names its axes as the caller's standard does, so that
verification and presentation attack detection share them. `svg_of` gives it the reader's colours.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from countenance.evaluation.errors import MissingPlotsError
from countenance.evaluation.theme import SERIES, TOKENS
from countenance.statistics.deviates import normal_deviates
from countenance.statistics.intervals import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE_INCHES: Final = (4.7, 3.7)
"""Small on purpose: at this size letters stay readable on a phone."""
_TICKS: Final = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.05, 0.1, 0.2, 0.4)
_HIGHEST: Final = 0.5
_DASHES: Final = ("-", "--", ":", "-.")


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A line of rates against rates."""

    label: str
    x: NDArray[np.float64]
    """(n,) 0..1"""
    y: NDArray[np.float64]
    """(n,) 0..1"""


@dataclass(frozen=True, slots=True)
class Mark:
    """A point that the text also tells."""

    x: float
    y: float
    interval: Interval | None = None
    """Of y."""
    label: str = ""
    """For the legend; empty for none."""


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """How the scores of one class lie."""

    label: str
    edges: NDArray[np.float64]
    """(n + 1,) rising."""
    shares: NDArray[np.float64]
    """(n,) share of the class in each bin, 0..1."""


def require_plots() -> None:
    """Raises: MissingPlotsError: matplotlib is not installed."""
    if importlib.util.find_spec("matplotlib") is None:
        raise MissingPlotsError


def det_chart(
    curves: Sequence[Curve],
    *,
    marks: Sequence[Mark] = (),
    x_label: str,
    y_label: str,
    lowest: tuple[float, float],
) -> Figure:
    """Detection error trade-off on normal-deviate axes (ISO/IEC 19795-1), one line per curve.

    Args:
        curves: the error of attackers against that of honest people, corners of a staircase in
            the order of the threshold.
        marks: operating points, over the lines.
        x_label: such as `False match rate`.
        y_label: such as `False non-match rate`.
        lowest: least x and y that the comparisons can tell, above 0; the axes begin there.
    """
    figure, axes = _canvas(x_label, y_label)
    low_x, low_y = (max(1e-7, min(rate, 0.1)) for rate in lowest)
    for curve, colour, dash in zip(curves, SERIES, _DASHES, strict=False):
        x = normal_deviates(np.clip(curve.x, low_x, 1 - low_x))
        y = normal_deviates(np.clip(curve.y, low_y, 1 - low_y))
        axes.step(x, y, where="post", color=colour, linestyle=dash, label=curve.label, linewidth=2)
    for mark in marks:
        _draw_mark(axes, mark, (low_x, low_y))
    _deviate_axis(axes, "x", low_x)
    _deviate_axis(axes, "y", low_y)
    _legend(axes)
    return figure


def _draw_mark(axes: Axes, mark: Mark, lowest: tuple[float, float]) -> None:
    ink = TOKENS["ink"]
    x = normal_deviates(np.clip([mark.x], lowest[0], _HIGHEST))
    y = normal_deviates(np.clip([mark.y], lowest[1], _HIGHEST))
    axes.plot(x, y, "o", markersize=6, color=ink, label=mark.label or None, zorder=4)
    if mark.interval:
        ends = np.clip([mark.interval.low, mark.interval.high], lowest[1], _HIGHEST)
        axes.plot(x.repeat(2), normal_deviates(ends), color=ink, linewidth=1.2, zorder=3)


def _deviate_axis(axes: Axes, name: str, lowest: float) -> None:
    ticks = [tick for tick in _TICKS if tick >= lowest * 0.999]
    places = normal_deviates(np.array(ticks))
    ends = normal_deviates(np.array([lowest, _HIGHEST]))
    axis = axes.xaxis if name == "x" else axes.yaxis
    least = (ends[1] - ends[0]) * (0.125 if name == "x" else 0.05)
    told = _spaced(places, least=least)
    labels = [_percent(tick) if at in told else "" for at, tick in enumerate(ticks)]
    axis.set_ticks(places.tolist(), labels)
    (axes.set_xlim if name == "x" else axes.set_ylim)(ends[0] - 0.04, ends[1])


def _spaced(places: NDArray[np.float64], *, least: float) -> set[int]:
    """Which of the rising places keep that distance from each other, from the lowest on."""
    kept: list[int] = []
    for at, place in enumerate(places):
        if not kept or place - places[kept[-1]] >= least:
            kept.append(at)
    return set(kept)


def score_chart(
    histograms: Sequence[Histogram],
    *,
    threshold: float | None,
    x_label: str,
    y_label: str = "Share of comparisons",
) -> Figure:
    """Where the scores of each class lie; the height is logarithmic, so that tails can be seen.

    Args:
        histograms: at least one.
        threshold: drawn as a line; None for none.
        x_label: name of the score with its direction.
        y_label: what is counted.
    """
    figure, axes = _canvas(x_label, y_label)
    floor = min(float(h.shares[h.shares > 0].min(initial=1.0)) for h in histograms) / 2
    for histogram, colour, dash in zip(histograms, SERIES, _DASHES, strict=False):
        tops = np.maximum(histogram.shares, floor)
        axes.stairs(tops, histogram.edges, fill=True, color=colour, alpha=0.16, baseline=floor)
        outline = axes.stairs(tops, histogram.edges, baseline=None, label=histogram.label)
        outline.set(color=colour, linestyle=dash, linewidth=1.6)
    if threshold is not None:
        axes.axvline(threshold, color=TOKENS["ink"], linewidth=1.2, label="Threshold")
    axes.set_yscale("log")
    axes.set_ylim(floor, 1.0)
    axes.yaxis.set_major_formatter(lambda value, _at: _percent(value))
    axes.minorticks_off()
    _legend(axes)
    return figure


def discard_chart(
    curves: Sequence[Curve], *, ideal_from: float | None = None, y_label: str
) -> Figure:
    """Error versus discard (ISO/IEC 29794-1): what is left of an error without the worst samples.

    Args:
        curves: x is the share that was discarded, y the error among the rest.
        ideal_from: the error without discarding; a dotted line shows how it would fall if every
            discarded comparison were one of the errors. None for no line.
        y_label: the error, such as `False non-match rate`.
    """
    figure, axes = _canvas("Share of comparisons discarded, lowest quality first", y_label)
    for curve, colour, dash in zip(curves, SERIES, _DASHES, strict=False):
        x, y = curve.x, curve.y
        axes.step(x, y, where="post", color=colour, linestyle=dash, label=curve.label, linewidth=2)
    if ideal_from:
        ends, muted = [0.0, ideal_from], TOKENS["muted"]
        axes.plot(ends, ends[::-1], ":", color=muted, label="Best possible", linewidth=1.6)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _at: _percent(value))
    axes.set_xlim(0.0, max([0.05, *(float(curve.x.max(initial=0.0)) for curve in curves)]))
    axes.set_ylim(bottom=0.0)
    _legend(axes)
    return figure


def _canvas(x_label: str, y_label: str) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE_INCHES, layout="constrained", facecolor="none")
    axes = figure.add_subplot(facecolor="none")
    axes.set_xlabel(x_label, color=TOKENS["ink"])
    axes.set_ylabel(y_label, color=TOKENS["ink"])
    axes.tick_params(color=TOKENS["line"], labelcolor=TOKENS["muted"])
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["bottom", "left"]].set_color(TOKENS["line"])
    axes.grid(visible=True, color=TOKENS["line"], linewidth=0.8)
    axes.set_axisbelow(True)
    return figure, axes


def _legend(axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    figure = axes.get_figure(root=True)
    if labels and figure is not None:
        figure.legend(
            handles, labels, loc="outside upper center", ncols=min(3, len(labels)), frameon=False,
            labelcolor=TOKENS["ink"], fontsize=9,
        )  # fmt: skip


def _percent(rate: float) -> str:
    """A rate as the axes write it.

    >>> _percent(0.05), _percent(1e-5)
    ('5 %', '0.001 %')
    """
    return f"{rate * 100:.10f}".rstrip("0").rstrip(".") + " %"
