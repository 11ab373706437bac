"""The page of a report on presentation attack detection; it shows no face."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from countenance.datasets.manifest import Kind
from countenance.evaluation.pad_calibrated import CalibrationTrial
from countenance.evaluation.pad_charts import species_name
from countenance.evaluation.pad_clips import ClipSession
from countenance.evaluation.pad_json import name_of
from countenance.evaluation.pad_measurement import PadMeasurement, Protocol
from countenance.evaluation.pad_report import GroupReport, worst_species
from countenance.evaluation.pad_words import counted, percent, span
from countenance.evaluation.report_page import (
    chart,
    charts,
    figures,
    heading,
    page,
    paragraph,
    table,
)
from countenance.pad.species import PaiSpecies
from countenance.statistics.intervals import Interval, Rate

CAPTIONS: Final = {
    "det": "Both errors against each other (DET, normal-deviate axes): the nearer to the lower "
    "left corner, the better. The bar is the exact 95 % interval of BPCER.",
    "scores": "Where the scores lie; the height is logarithmic. Overlap across the threshold is "
    "error.",
    "species": "Attacks that pass, by species. A wide bar means few attacks: believe the bar.",
    "sources": "Where the errors come from: camera, room and session, most errors first.",
}
_KINDS: Final = {
    Kind.FULL_FRAME: "whole frames",
    Kind.TIGHT_CROP: "face crops without surroundings",
    Kind.CLIP: "clips, each judged as a login",
}
_PROTOCOLS: Final = {
    Protocol.DETECTOR: "One detector judged all of them.",
    Protocol.LEAVE_ONE_SOURCE_OUT: "Leave one source out: each source, with all that shares a "
    "person with it, was judged by heads trained on the others alone.",
    Protocol.GIVEN_SCORES: "The scores were computed before and read from a file.",
}
_ON_INTERVALS: Final = (
    "All intervals are at 95 %. The exact one (Clopper-Pearson) takes presentations for "
    "independent, which those of one camera and room are not; the one over sources draws the "
    "sources anew a thousand times. Believe the wider. Thresholds other than the first were chosen "
    "on these very scores."
)


def pad_page(measured: PadMeasurement, *, elements: Mapping[str, str], root: Path) -> str:
    """A whole page.

    Args:
        measured: the rates.
        elements: charts as `svg_of` returns them, by name.
        root: folder that file names are told from.
    """
    report = measured.report
    lead = (
        f"{measured.detector} on {report.n_bona_fide:,} bona fide presentations and "
        f"{report.n_attack:,} attacks ({_KINDS[measured.kind]}), {report.no_face:,} more without a "
        f"face. {_PROTOCOLS[measured.protocol]}"
    )
    return page(
        "Presentation attack detection",
        lead=lead,
        body=[
            *_warning(measured),
            figures(_headline(measured)),
            heading("At the threshold"),
            paragraph(f"Bona fide from a score of {report.at.threshold:.3f} on."),
            table(("Rate", "Value", "Errors", "Exact interval", "Over sources"), _rates(measured)),
            paragraph(_ON_INTERVALS, is_note=True),
            *_clips(measured, root),
            heading("At other thresholds"),
            _at_bpcer(measured),
            *_calibrated(measured.calibrated),
            heading("Charts"),
            charts(chart(elements[name], caption=CAPTIONS[name]) for name in elements),
            heading("Worst errors"),
            '<p><a href="worst-errors.html">Contact sheet of the worst errors</a></p>',
            paragraph("It shows faces; this page shows none."),
            heading("Sources"),
            table(_GROUP_HEADINGS, _groups(report.per_source, measured.familiar.sources)),
            *_subjects(measured),
            *_left_out(measured, root),
        ],
    )


def _warning(measured: PadMeasurement) -> Iterable[str]:
    met = measured.familiar
    if met.is_any:
        yield paragraph(
            f"No test: {met.presentations:,} of {len(measured.scored):,} presentations come from "
            f"{len(met.sources):,} sources that this detector was trained with. Their figures "
            "flatter it. What it does elsewhere is told by one that was trained without them."
        )


def _headline(measured: PadMeasurement) -> list[tuple[str, str, str]]:
    report, scatter = measured.report, measured.scatter
    worst = worst_species(report)
    point = report.apcer_at_bpcer["0.05"]
    rows = [
        (
            "Worst APCER",
            percent(report.at.apcer_worst),
            f"{species_name(worst)}, {span(report.at.apcer[worst].interval)}",
        ),
        ("BPCER", percent(report.at.bpcer.value), span(report.at.bpcer.interval)),
        ("Equal error rate", percent(report.eer), span(scatter.eer)),
        ("ACER", percent(report.at.acer), "mean of the first two"),
        ("AUC", f"{report.auc:.4f}", _plain(scatter.auc)),
    ]
    if point is not None:
        rows.insert(3, ("Worst APCER at BPCER 5 %", percent(point.apcer_worst), ""))
    return rows


def _plain(interval: Interval | None) -> str:
    return "" if interval is None else f"{interval.low:.3f} to {interval.high:.3f}"


def _rates(measured: PadMeasurement) -> list[tuple[str, ...]]:
    report, scatter = measured.report, measured.scatter
    rows = [_rate("BPCER, bona fide refused", report.at.bpcer, scatter.bpcer)]
    rows += [
        _rate(_apcer(species), told, None)
        for species, told in sorted(report.at.apcer.items(), key=lambda item: -item[1].value)
    ]
    rows.append(_rate("APCER, all attacks", report.apcer_all, scatter.apcer))
    if measured.frames is not None:
        if measured.frames.bpcer:
            rows.append(_rate("BPCER, by frame", measured.frames.bpcer, None))
        rows += [
            _rate(f"{_apcer(species)}, by frame", told, None)
            for species, told in measured.frames.apcer.items()
        ]
    return rows


def _apcer(species: PaiSpecies) -> str:
    return f"APCER, {species_name(species).lower()}"


def _rate(name: str, rate: Rate, over_sources: Interval | None) -> tuple[str, ...]:
    return name, percent(rate.value), counted(rate), span(rate.interval), span(over_sources)


def _at_bpcer(measured: PadMeasurement) -> str:
    """One column for each share of refused bona fide presentations that can be told."""
    points = {
        f"BPCER {100 * float(name):.0f} %": point
        for name, point in measured.report.apcer_at_bpcer.items()
        if point is not None
    }
    if not points:
        return paragraph("The bona fide presentations are too few to tell.")
    rows = [
        ("Threshold", *(f"{point.threshold:.3f}" for point in points.values())),
        ("Worst APCER", *(percent(point.apcer_worst) for point in points.values())),
    ]
    rows += [
        (_apcer(species), *(percent(point.apcer[species].value) for point in points.values()))
        for species in measured.report.at.apcer
    ]
    return table(("Where this share is refused", *points), rows)


def _calibrated(trial: CalibrationTrial | None) -> Iterable[str]:
    if trial is None:
        return
    yield heading("With known cameras")
    yield paragraph(
        f"{trial.frames} bona fide presentations of each of {trial.sources} sources moved its "
        f"threshold; the {trial.n_bona_fide:,} others and {trial.n_attack:,} attacks of these "
        f"sources are judged here, as means over {trial.draws} draws. "
        f"{trial.sources_left_out:,} sources have too few."
    )
    ways = (trial.uncalibrated, trial.calibrated_within_bounds, trial.calibrated)
    rows = [
        ("Equal error rate", *(percent(way.eer) for way in ways)),
        ("AUC", *(f"{way.auc:.4f}" for way in ways)),
        ("BPCER, bona fide refused", *(percent(way.bpcer) for way in ways)),
        ("APCER, all attacks", *(percent(way.apcer_all) for way in ways)),
    ]
    rows += [
        (_apcer(species), *(percent(way.apcer[species]) for way in ways))
        for species in trial.uncalibrated.apcer
    ]
    headings = ("Rate", "One threshold for all", "Each camera known", "The same without bounds")
    yield table(headings, rows)
    yield paragraph(
        f"Logins move a threshold by at most {trial.bounds.fall:.2f} down and "
        f"{trial.bounds.rise:.2f} up, log-odds: as far as every rate keeps its interval when all "
        "cameras are moved at once."
    )
    yield paragraph(
        "The presentations that moved a threshold come from the same session as those judged at "
        "it: expect less across days.",
        is_note=True,
    )


def _clips(measured: PadMeasurement, root: Path) -> Iterable[str]:
    if measured.sessions:
        yield heading("Clips")
        yield paragraph(
            "The first 20 seconds at ten frames a second, through detection, tracking, quality and "
            "smoothing as in a login. Admitted means enough good frames in a row; whoever is shown "
            "counts as the user."
        )
        rows = [_clip(session, root) for session in measured.sessions]
        yield table(("Clip", "Shown", "Decision", "After", "Frames", "Judged", "Score"), rows)


def _clip(session: ClipSession, root: Path) -> tuple[str, ...]:
    shown, verdict = session.presentation, session.verdict
    return (
        name_of(shown.path, root),
        "Bona fide" if shown.species is None else species_name(shown.species),
        "Admitted"
        if verdict.reason is None
        else f"Refused: {verdict.reason.value.replace('_', ' ')}",
        "" if session.decided_at_s is None else f"{session.decided_at_s:.1f} s",
        f"{len(session.frames)}",
        f"{len(session.scores)}",
        "" if session.score is None else f"{session.score:.3f}",
    )


_GROUP_HEADINGS: Final = (
    "Name", "BPCER", "Refused", "APCER", "Passed", "EER", "No face", "In training",
)  # fmt: skip


def _groups(
    groups: Mapping[str, GroupReport], familiar: Iterable[str]
) -> Iterable[tuple[str, ...]]:
    known = set(familiar)
    for name, told in sorted(groups.items(), key=lambda item: (-item[1].errors, item[0])):
        yield (
            name or "(none named)",
            percent(told.bpcer.value if told.bpcer else None),
            counted(told.bpcer),
            percent(told.apcer.value if told.apcer else None),
            counted(told.apcer),
            percent(told.eer),
            f"{told.no_face}" if told.no_face else "",
            "yes" if name in known else "",
        )


def _subjects(measured: PadMeasurement) -> Iterable[str]:
    subjects = measured.report.per_subject
    if subjects:
        yield heading("Subjects")
        yield paragraph("As the manifest names them; presentations of unknown people are left out.")
        rows = [row[:-1] for row in _groups(subjects, ())]
        yield table(_GROUP_HEADINGS[:-1], rows)


def _left_out(measured: PadMeasurement, root: Path) -> Iterable[str]:
    left_out = measured.left_out
    if left_out.not_captured:
        yield paragraph(
            f"{left_out.not_captured:,} bona fide pictures that no camera took of a live person, "
            "such as web photographs, are in no rate.",
            is_note=True,
        )
    if left_out.without_score:
        yield paragraph(
            f"{left_out.without_score:,} rows have no score in the file and are in no rate.",
            is_note=True,
        )
    if left_out.unreadable:
        yield heading("Unreadable")
        rows = [(name_of(path, root), why) for path, why in left_out.unreadable.items()]
        yield table(("File", "Why"), rows)
