"""A matching report as a folder: a page, its data, charts, and the worst pairs apart."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from countenance.evaluation.matching import Estimate, MatchingReport
from countenance.evaluation.matching_charts import (
    quality_chart,
    similarity_chart,
    trade_off_chart,
)
from countenance.evaluation.matching_comparisons import Compared
from countenance.evaluation.matching_pairs import PairList, PeopleFrom
from countenance.evaluation.matching_samples import Acquired
from countenance.evaluation.matching_worst import worst_pairs_page
from countenance.evaluation.report_folder import prepare_report_folder, write_report_file
from countenance.evaluation.report_page import (
    chart,
    charts,
    figures,
    heading,
    page,
    paragraph,
    table,
)
from countenance.evaluation.svg import standalone, svg_of
from countenance.statistics.intervals import Interval, Rate

_CAPTIONS: Final = {
    "det": "Both errors against each other (DET, normal-deviate axes): the nearer to the lower "
    "left corner, the better. The bar is the exact 95 % interval.",
    "scores": "Where the similarities lie; the height is logarithmic. Overlap across the "
    "threshold is error.",
    "discard": "What refusing poor samples would bring (error versus discard). A line that "
    "falls steeply says that the quality score knows which samples fail.",
}
_PEOPLE: Final = {
    PeopleFrom.COLUMNS: "people as the list names them",
    PeopleFrom.FOLDERS: "one person for each folder",
    PeopleFrom.PAIRS: "people as mated pairs join the images",
}


def write_matching_report(
    folder: Path,
    report: MatchingReport,
    pairs: PairList,
    acquired: Acquired,
    compared: Compared,
    *,
    values: Mapping[str, object],
) -> None:
    """Write `report.html`, `report.json`, `scores.csv`, three charts and `worst-pairs.html`.

    Args:
        folder: made if need be; earlier files of these names are replaced.
        report: the rates.
        pairs: the list.
        acquired: its samples.
        compared: its comparisons.
        values: what `report.json` holds.

    Raises: ReportError: it cannot be written. ImageError: an image has gone away.
    """
    prepare_report_folder(folder)
    drawn = {
        "det": trade_off_chart(report),
        "scores": similarity_chart(report, compared),
        "discard": quality_chart(report),
    }
    elements = {
        name: svg_of(figure, name=name, description=_CAPTIONS[name])
        for name, figure in drawn.items()
    }
    for name, element in elements.items():
        write_report_file(folder, f"{name}.svg", standalone(element))
    write_report_file(folder, "scores.csv", _scores(pairs, compared))
    worst = worst_pairs_page(report, pairs, acquired, compared)
    write_report_file(folder, "worst-pairs.html", worst)
    write_report_file(
        folder, "report.json", json.dumps(values, indent=2, ensure_ascii=False) + "\n"
    )
    write_report_file(folder, "report.html", _page(report, pairs, acquired, elements))


def _page(
    report: MatchingReport, pairs: PairList, acquired: Acquired, elements: Mapping[str, str]
) -> str:
    others = "everyone with everyone else" if report.everyone else "the pairs of the list"
    lead = (
        f"{report.n_mated:,} mated and {report.n_non_mated:,} non-mated comparisons ({others}) of "
        f"{report.n_images:,} images and {report.n_people:,} people "
        f"({_PEOPLE[report.people_from]})."
    )
    if pairs.rows_skipped:
        lead += f" {pairs.rows_skipped:,} rows are left out, since an image of theirs is not there."
    return page(
        "Matching",
        lead=lead,
        body=[
            figures(_headline(report)),
            heading("At the shipped threshold"),
            paragraph(f"Two images match from a similarity of {report.threshold:.3f} on."),
            table(("Rate", "Value", "Errors", "Exact interval", "Over people"), _rates(report)),
            paragraph(_ON_INTERVALS, is_note=True),
            heading("At other thresholds"),
            table(("At FMR", "FNMR", "Over people", "Threshold"), _at_fmr(report)),
            *_accuracies(report),
            heading("Charts"),
            charts(chart(elements[name], caption=_CAPTIONS[name]) for name in elements),
            heading("Worst pairs"),
            '<p><a href="worst-pairs.html">Contact sheet of the worst pairs</a></p>',
            paragraph("It shows faces; this page shows none."),
            *_failures(pairs, acquired),
        ],
    )


_ON_INTERVALS: Final = (
    "All intervals are at 95 %. The exact one (Clopper-Pearson) takes comparisons for independent, "
    "which comparisons of the same people are not; the one over people draws the people anew a "
    "thousand times. Believe the wider. Where no error was seen, only the exact one says anything."
)


def _headline(report: MatchingReport) -> list[tuple[str, str, str]]:
    fine = next(
        (name for name in ("1e-4", "1e-3", "1e-2") if report.fnmr_at_fmr[name].value is not None),
        None,
    )
    rows = [
        ("Equal error rate", _percent(report.eer.value), _range(report.eer.bootstrap)),
        (
            "FNMR as shipped",
            _percent(report.fnmr.counted.value),
            _range(report.fnmr.counted.interval),
        ),
        ("FMR as shipped", _percent(report.fmr.counted.value), _range(report.fmr.counted.interval)),
    ]
    if fine is not None:
        told = report.fnmr_at_fmr[fine]
        rows.append((f"FNMR at FMR {fine}", _percent(told.value), _range(told.bootstrap)))
    if report.best is not None:
        rows.append(("Best accuracy", f"{report.best.value:.4f}", "on these pairs"))
    area = report.auc.bootstrap
    under = "" if area is None else f"{area.low:.5f} to {area.high:.5f}"
    return [*rows, ("AUC", f"{report.auc.value:.5f}", under)]


def _rates(report: MatchingReport) -> list[tuple[str, str, str, str, str]]:
    counted = {
        "FMR, false match rate": (report.fmr.counted, report.fmr.bootstrap),
        "FNMR, false non-match rate": (report.fnmr.counted, report.fnmr.bootstrap),
        "FTA, failure to acquire": (report.failures_to_acquire, None),
        "GFAR, false accepts with FTA": (report.gfar, None),
        "GFRR, false rejects with FTA": (report.gfrr, None),
    }
    return [(name, *_row(rate, interval)) for name, (rate, interval) in counted.items()]


def _row(rate: Rate, over_people: Interval | None) -> tuple[str, str, str, str]:
    errors = f"{rate.errors:,} of {rate.total:,}"
    return _percent(rate.value), errors, _range(rate.interval), _range(over_people)


def _at_fmr(report: MatchingReport) -> list[tuple[str, str, str, str]]:
    return [
        (name, *_told(estimate, report.threshold_at_fmr[name]))
        for name, estimate in report.fnmr_at_fmr.items()
    ]


def _told(estimate: Estimate, threshold: float | None) -> tuple[str, str, str]:
    if estimate.value is None:
        return "too few comparisons to tell", "", ""
    shown = "" if threshold is None else f"{threshold:.3f}"
    return _percent(estimate.value), _range(estimate.bootstrap), shown


def _accuracies(report: MatchingReport) -> Iterable[str]:
    if report.best is not None:
        yield paragraph(
            f"The best accuracy on the rows of the list is {report.best.value:.4f}, at "
            f"{report.best.threshold:.3f}; that threshold was chosen on these very rows."
        )
    if report.folds is not None:
        yield paragraph(
            f"Over {report.folds.folds} folds, each at the threshold that is best on the others, "
            f"the accuracy is {report.folds.mean:.4f} (standard error "
            f"{report.folds.standard_error:.4f})."
        )


def _failures(pairs: PairList, acquired: Acquired) -> Iterable[str]:
    if acquired.failures:
        yield heading("Failures to acquire")
        rows = [(pairs.images[at], why) for at, why in acquired.failures.items()]
        yield table(("Image", "Why"), rows)


def _scores(pairs: PairList, compared: Compared) -> str:
    listed = compared.listed
    told = dict(
        zip(
            listed.rows.tolist(), zip(listed.similarities, listed.quality, strict=True), strict=True
        )
    )
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["a", "b", "same", "similarity", "quality"])
    for row, pair in enumerate(pairs.pairs):
        numbers = [f"{value:.6f}" for value in told[row]] if row in told else ["", ""]
        names = pairs.images[pair.a], pairs.images[pair.b]
        writer.writerow([*names, int(pair.is_mated), *numbers])
    return text.getvalue()


def _percent(rate: float | None) -> str:
    """A rate in percent, with two decimals or two significant digits.

    >>> _percent(0.01842), _percent(0.0002), _percent(0.0)
    ('1.84 %', '0.020 %', '0 %')
    """
    if not rate:
        return "" if rate is None else "0 %"
    percent = 100 * rate
    digits = max(2, 1 - math.floor(math.log10(percent)))
    return f"{percent:.{digits}f} %"


def _range(interval: Interval | None) -> str:
    if interval is None:
        return ""
    return f"{_percent(interval.low).removesuffix(' %')} to {_percent(interval.high)}"
