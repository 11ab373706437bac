"""Rates of many groups with their intervals, one line for each: by species, by source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from countenance.evaluation.theme import SERIES, TOKENS
from countenance.statistics.intervals import Rate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH_INCHES: Final = 4.7
_LINE_INCHES: Final = 0.27
_LONGEST_NAME: Final = 26
_FORMS: Final = ("o", "s", "^", "D")


def rate_chart(
    groups: Sequence[str], series: Mapping[str, Mapping[str, Rate]], *, x_label: str
) -> Figure:
    """Dots on lines, from the first group down; a rate that a group has not is left out.

    Args:
        groups: at least one; long names are cut in the middle.
        series: label of a rate to its value for each group; at most four.
        x_label: what the rates are.
    """
    from matplotlib.figure import Figure

    size = (_WIDTH_INCHES, 1.1 + _LINE_INCHES * max(3, len(groups)))
    figure = Figure(figsize=size, layout="constrained", facecolor="none")
    axes = figure.add_subplot(facecolor="none")
    step = 0.5 / max(1, len(series))
    for nth, (label, rates) in enumerate(series.items()):
        aside = (nth - (len(series) - 1) / 2) * step
        for at, group in enumerate(groups):
            if group in rates:
                _draw(axes, rates[group], at + aside, nth)
        axes.plot([], [], f"{_FORMS[nth]}-", color=SERIES[nth], label=label)
    axes.set_yticks(range(len(groups)), [shortened(group) for group in groups], fontsize=8)
    axes.set_ylim(len(groups) - 0.5, -0.5)
    axes.set_xlim(-0.02, 1.02)
    axes.xaxis.set_major_formatter(lambda value, _at: f"{100 * value:.0f} %")
    axes.set_xlabel(x_label, color=TOKENS["ink"])
    _quiet(axes)
    figure.legend(
        loc="outside upper center", ncols=2, frameon=False, labelcolor=TOKENS["ink"], fontsize=9
    )
    return figure


def _draw(axes: Axes, rate: Rate, y: float, nth: int) -> None:
    axes.plot([rate.low, rate.high], [y, y], color=SERIES[nth], linewidth=1.6)
    axes.plot(rate.value, y, _FORMS[nth], color=SERIES[nth], markersize=4.5)


def _quiet(axes: Axes) -> None:
    axes.tick_params(color=TOKENS["line"], labelcolor=TOKENS["muted"])
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["bottom", "left"]].set_color(TOKENS["line"])
    axes.grid(visible=True, axis="x", color=TOKENS["line"], linewidth=0.8)
    axes.set_axisbelow(True)


def shortened(name: str) -> str:
    """A name that fits beside a chart.

    >>> shortened("hall"), shortened("somebody/a-repository-with-a-long-name")
    ('hall', 'somebody/a-re…h-a-long-name')
    """
    if len(name) <= _LONGEST_NAME:
        return name
    half = _LONGEST_NAME // 2
    return f"{name[:half]}…{name[-half:]}"
