"""Learning curves as a picture."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def learning_curves(histories: Sequence[NDArray[np.float64]], *, best_epoch: int) -> bytes:
    """Return a PNG of loss and accuracy by epoch, on a light ground.

    Args:
        histories: of each network or head (epochs, 4): training loss and accuracy, validation
            loss and accuracy, NaN where nothing was watched; lengths may differ.
        best_epoch: 1 for the first; marked.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(9, 3.6), layout="constrained", facecolor="white")
    for place, (title, column) in enumerate((("Loss", 0), ("Accuracy", 1)), 1):
        axes = figure.add_subplot(1, 2, place, facecolor="white")
        for history in histories:
            epochs = np.arange(1, len(history) + 1)
            is_first = history is histories[0]
            for offset, colour, name in ((0, "#5b6470", "training"), (2, "#0b6bcb", "validation")):
                values = history[:, column + offset]
                if np.isfinite(values).any():
                    axes.plot(epochs, values, color=colour, label=name if is_first else None)
        axes.axvline(best_epoch, color="#b0b7c0", linestyle=":", label="kept")
        axes.set(xlabel="epoch", title=f"{title}, every class weighing the same")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(frameon=False)
    png = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(png, format="png")
    return png.getvalue()
