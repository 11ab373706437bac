"""A report on presentation attack detection as a folder: a page, its data, and faces apart."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from countenance.datasets.scores import ScoredPresentation
from countenance.evaluation.pad_charts import charts_of
from countenance.evaluation.pad_measurement import PadMeasurement
from countenance.evaluation.pad_page import CAPTIONS, pad_page
from countenance.evaluation.pad_worst import worst_errors_page
from countenance.evaluation.report_folder import prepare_report_folder, write_report_file
from countenance.evaluation.svg import standalone, svg_of
from countenance.vision.interfaces import FaceDetector


def write_pad_report(
    folder: Path,
    measured: PadMeasurement,
    *,
    values: Mapping[str, object],
    detector: FaceDetector,
    root: Path,
) -> None:
    """Write `report.html`, `report.json`, `scores.csv`, the charts and `worst-errors.html`.

    Args:
        folder: made if need be; earlier files of these names are replaced.
        measured: the rates.
        values: what `report.json` holds.
        detector: finds the faces of the contact sheet.
        root: folder that file names are told from.

    Raises: ReportError: it cannot be written. ImageError: a picture has gone away.
    """
    prepare_report_folder(folder)
    elements = {
        name: svg_of(figure, name=name, description=CAPTIONS[name])
        for name, figure in charts_of(measured).items()
    }
    for name, element in elements.items():
        write_report_file(folder, f"{name}.svg", standalone(element))
    write_report_file(folder, "scores.csv", _scores(measured.scored))
    worst = worst_errors_page(measured, detector=detector, root=root)
    write_report_file(folder, "worst-errors.html", worst)
    text = json.dumps(values, indent=2, ensure_ascii=False)
    write_report_file(folder, "report.json", text + "\n")
    told = pad_page(measured, elements=elements, root=root)
    write_report_file(folder, "report.html", told)


def _scores(scored: Iterable[ScoredPresentation]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["path", "source", "subject", "species", "bona_fide_score"])
    for entry in scored:
        shown, score = entry.presentation, entry.bona_fide_score
        told = "" if score is None else f"{score:.6f}"
        species = shown.species.value if shown.species else "bona_fide"
        writer.writerow([shown.path.absolute(), shown.source, shown.subject, species, told])
    return text.getvalue()
