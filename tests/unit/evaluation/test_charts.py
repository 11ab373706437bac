"""Charts that any report may use: they keep the reader's colours and name what they show."""

import importlib.util
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from countenance.evaluation.charts import (
    Curve,
    Histogram,
    Mark,
    det_chart,
    discard_chart,
    require_plots,
    score_chart,
)
from countenance.evaluation.errors import MissingPlotsError
from countenance.statistics.intervals import Interval

if importlib.util.find_spec("matplotlib") is None:
    pytest.skip("charts need the training extra (matplotlib)", allow_module_level=True)

from countenance.evaluation.svg import standalone, svg_of

RATES = np.array([1.0, 0.1, 0.01, 0.0])


def parsed(element: str) -> ET.Element:
    return ET.fromstring(element.encode())  # noqa: S314 - our own charts


def words_of(element: str) -> str:
    return "".join(parsed(element).itertext())


def det_svg() -> str:
    curve = Curve("Everybody", RATES, 1 - RATES)
    mark = Mark(0.01, 0.9, Interval(0.8, 0.95), "At the threshold")
    figure = det_chart(
        [curve], marks=[mark], x_label="APCER <x>", y_label="BPCER", lowest=(1e-4, 1e-2)
    )
    return svg_of(figure, name="det", description='Trade-off of "both" errors')


def histogram(label: str) -> Histogram:
    return Histogram(label, np.linspace(-1, 1, 5), np.array([0.0, 0.5, 0.5, 0.0]))


def test_a_det_chart_has_the_axes_lines_and_ticks_it_was_asked_for() -> None:
    words = words_of(det_svg())
    for said in ("APCER <x>", "BPCER", "Everybody", "At the threshold", "0.01 %", "10 %"):
        assert said in words
    # Nothing below the least rate that the counts can tell.
    assert "0.001 %" not in words


def test_colours_are_those_of_the_page_and_none_of_its_own() -> None:
    element = det_svg()
    assert "var(--accent)" in element
    assert re.findall(r"#[0-9a-f]{6}\b", element) == []


def test_a_chart_is_described_to_who_does_not_see_it() -> None:
    root = parsed(det_svg())
    assert root.get("role") == "img"
    assert root.get("aria-label") == 'Trade-off of "both" errors'


def test_a_file_of_its_own_brings_both_schemes_along() -> None:
    text = standalone(det_svg())
    parsed(text)
    assert "prefers-color-scheme:dark" in text


def test_the_same_figure_is_written_the_same() -> None:
    assert det_svg() == det_svg()


def test_a_score_chart_shows_each_class_and_the_threshold() -> None:
    figure = score_chart(
        [histogram("Mated"), histogram("Non-mated")], threshold=0.4, x_label="Similarity"
    )
    words = words_of(svg_of(figure, name="s", description=""))
    for said in ("Mated", "Non-mated", "Threshold", "Similarity"):
        assert said in words


@pytest.mark.parametrize("errors", [[0.1, 0.05, 0.0], [0.0, 0.0, 0.0]])
def test_a_discard_chart_is_drawn_with_and_without_errors(errors: list[float]) -> None:
    curve = Curve("Quality", np.array([0.0, 0.1, 0.2]), np.array(errors))
    figure = discard_chart([curve], ideal_from=errors[0], y_label="FNMR")
    words = words_of(svg_of(figure, name="d", description=""))
    assert "FNMR" in words
    assert ("Best possible" in words) == (errors[0] > 0)


def test_a_missing_matplotlib_is_told_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(MissingPlotsError, match="tools/bootstrap train"):
        require_plots()
