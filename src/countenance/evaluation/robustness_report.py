"""The report on robustness: a table for a spreadsheet and a chart of error rates by condition."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from countenance.evaluation.charts import require_plots
from countenance.evaluation.errors import ReportError
from countenance.evaluation.robustness import Row
from countenance.evaluation.svg import standalone, svg_of
from countenance.evaluation.theme import SERIES, TOKENS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TABLE: Final = "robustness.csv"
CHART: Final = "robustness.svg"
_DRAWN: Final = (
    ("All probes", SERIES[0], "o", -0.13),
    ("Those a login would judge", SERIES[1], "s", 0.13),
)
"""Label, colour and form of a rate, and how far below the middle of its line it is drawn."""


def write_report(rows: Sequence[Row], folder: Path, *, threshold: float) -> list[Path]:
    """Write table and chart; an earlier report in the folder is replaced.

    Args:
        rows: at least one.
        folder: made when it is not there.
        threshold: that the rates were measured at.

    Returns: the files.
    Raises: MissingPlotsError: matplotlib is not installed. ReportError: cannot be written.
    """
    require_plots()
    description = f"False non-match rate under each condition, at a similarity of {threshold:.3f}."
    chart = standalone(svg_of(chart_of(rows), name="robustness", description=description))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / CHART).write_text(chart, encoding="utf-8")
        with (folder / TABLE).open("w", newline="", encoding="utf-8") as file:
            told = [row.as_json() for row in rows]
            table = csv.DictWriter(file, fieldnames=list(told[0]))
            table.writeheader()
            table.writerows(told)
    except OSError as error:
        raise ReportError(
            f"The report cannot be written to {folder}: {error.strerror or error}.",
            remedy="Give a folder that can be written to.",
        ) from error
    return [folder / TABLE, folder / CHART]


def chart_of(rows: Sequence[Row]) -> Figure:
    """FNMR of each condition that has one, with its interval; from the first row down."""
    from matplotlib.figure import Figure

    rows = [row for row in rows if row.fnmr is not None]
    figure = Figure(figsize=(6.4, 1.2 + 0.22 * len(rows)), layout="constrained", facecolor="none")
    axes = figure.add_subplot(facecolor="none")
    for at, row in enumerate(rows):
        for value, (_, colour, form, aside) in zip(
            (row.fnmr, row.fnmr_accepted), _DRAWN, strict=True
        ):
            if value is not None:
                line = [value.low, value.high]
                axes.plot(line, [at + aside] * 2, color=colour, linewidth=1.6)
                axes.plot(value.value, at + aside, form, color=colour, markersize=4)
    axes.set_yticks(range(len(rows)), [_name(row) for row in rows], fontsize=8)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(-0.01, 1.01)
    axes.xaxis.set_major_formatter(lambda value, _at: f"{value:.0%}")
    axes.set_xlabel("False non-match rate, 95 % interval", color=TOKENS["ink"])
    axes.tick_params(color=TOKENS["line"], labelcolor=TOKENS["muted"])
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["bottom", "left"]].set_color(TOKENS["line"])
    axes.grid(visible=True, axis="x", color=TOKENS["line"], linewidth=0.8)
    for label, colour, form, _ in _DRAWN:
        axes.plot([], [], f"{form}-", color=colour, label=label)
    figure.legend(
        loc="outside upper center", ncols=2, frameon=False, labelcolor=TOKENS["ink"], fontsize=9
    )
    return figure


def _name(row: Row) -> str:
    what = row.what
    return f"{what.condition}, {what.level}" if what.level else what.condition
