"""What `countenance faces train` says at its end."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from countenance.cli.context import Session

if TYPE_CHECKING:
    from countenance.evaluation.recogniser_report import RecogniserReport
    from countenance.training.recogniser import TrainedRecogniser
    from countenance.training.recogniser_sides import Sides


def answer(
    card: Path, sides: Sides, trained: TrainedRecogniser, report: RecogniserReport
) -> dict[str, Any]:
    """Plain values for `--json`."""
    return {
        "card": str(card),
        "people": len(sides.people),
        "threshold": round(trained.threshold, 6),
        "epochs": trained.progress.epoch,
        "best_epoch": trained.progress.best_epoch,
        "left_out": sides.counts()["left_out"],
        "unchecked": list(sides.unchecked),
        **report.as_dict(),
    }


def show(
    session: Session, card: Path, sides: Sides, trained: TrainedRecogniser, report: RecogniserReport
) -> None:
    """For a person: what was used, what was judged, which was better."""
    from rich.table import Table

    say: Callable[..., None] = partial(session.console.print, markup=False)
    counts = sides.counts()
    say(
        f"{counts['people']} people, {counts['training']} pictures trained with, "
        f"{report.n_known} of them and {report.n_unknown} of strangers judged."
    )
    left_out = {reason: count for reason, count in counts["left_out"].items() if count}
    if left_out:
        told = ", ".join(f"{n} {reason.replace('_', ' ')}" for reason, n in left_out.items())
        say(f"Left out: {told}.")
    if sides.unchecked:
        say(f"Not checked, for want of a picture: {', '.join(sides.unchecked)}.")
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("95 % INTERVAL", "RECOGNISER", "PLAIN COMPARISON"):
        table.add_column(heading, no_wrap=True)
    for title, name in (
        ("named right", "named_right"),
        ("named as another", "named_wrong"),
        ("strangers named", "unknown_named"),
    ):
        cells = [_cell(getattr(system, name)) for system in (report.recogniser, report.plain)]
        table.add_row(title, *cells)
    say(table)
    say(_verdict(report))
    say(f"Epoch {trained.progress.best_epoch} of {trained.progress.epoch} was kept.")
    say(f"Written: {card}")
    say(f"Use it: countenance faces classify IMAGE --model {card}")


def _cell(rate: Any) -> str:
    """Counts, and where the share lies with a confidence of 95 %."""
    return f"{rate.errors} of {rate.total}, {rate.low:.1%} to {rate.high:.1%}"


def _verdict(report: RecogniserReport) -> str:
    total = report.n_known + report.n_unknown
    counts = (
        f"right on {report.recogniser.right} of {total} pictures, "
        f"plain comparison on {report.plain.right}"
    )
    return {
        "recogniser": f"The recogniser was better: {counts} (p = {report.p_value:.2g}).",
        "plain": f"Plain comparison was better: the recogniser was {counts} "
        f"(p = {report.p_value:.2g}). Enrol the people instead.",
        "neither": f"No difference can be told: the recogniser was {counts} "
        f"(p = {report.p_value:.2g}). Plain comparison needs no training.",
    }[report.better]
