"""`countenance evaluate`: error rates on labelled data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from countenance.cli.context import Session, json_option, pass_session

if TYPE_CHECKING:
    from countenance.biometrics.embeddings import Embedding
    from countenance.evaluation.matching import MatchingReport
    from countenance.images.image import Image
    from countenance.vision.engine import StillAnalysis


@click.group()
def evaluate() -> None:
    """Measure error rates on labelled data.

    \b
    Example: countenance evaluate matching --pairs pairs.csv --json
    """


@evaluate.command()
@click.option(
    "--pairs",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="CSV with the columns a,b,same: two image files and 1 or 0.",
)
@click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder that the paths of the list start from; default that of the list.",
)
@json_option
@pass_session
def matching(session: Session, pairs: Path, root: Path | None) -> None:
    """Verification error rates on a list of image pairs, at the threshold of the model card.

    The most prominent face of each image (large, near the middle) is compared, whatever its
    quality. An image without a face or
    that cannot be read is a failure to acquire; its comparisons are left out and counted.
    FNMR at an FMR below one over the number of non-mated pairs is FNMR without any false match.

    JSON keys: n_mated n_non_mated failures_to_acquire comparisons_left_out threshold fmr fnmr eer
    auc accuracy_10_fold (null: the list has no folds) accuracy_best threshold_best fnmr_at_fmr.

    \b
    Examples:
      countenance evaluate matching --pairs verification/pairs.csv
      countenance evaluate matching --pairs pairs.csv --root images --json
    """
    from countenance.evaluation.matching import evaluate_pairs, read_pairs

    wanted = read_pairs(pairs, root=root or pairs.parent)
    engine = session.container.engine
    with session.progress() as progress:
        embed = _Embedder(session, engine.analyse_still)
        report = evaluate_pairs(
            progress.track(wanted, description="Comparing pairs"),
            embed=embed,
            threshold=engine.thresholds.match_similarity,
        )
    if session.wants_json:
        session.answer(report.as_json())
    else:
        _show(report)


class _Embedder:
    """Files to embeddings; says once of each file that gives none."""

    def __init__(self, session: Session, analyse: Callable[[Image], StillAnalysis]) -> None:
        self._session = session
        self._analyse = analyse

    def __call__(self, path: Path) -> Embedding | None:
        from countenance.images.codec import read_image
        from countenance.images.errors import ImageError

        try:
            embedding = self._analyse(read_image(path)).embedding
        except ImageError as error:
            self._session.note(f"Left out: {error.message}")
            return None
        if embedding is None:
            self._session.note(f"Left out: no face in {path}.")
        return embedding


def _show(report: MatchingReport) -> None:
    click.echo(
        f"{report.n_mated} mated and {report.n_non_mated} non-mated comparisons; "
        f"{report.failures_to_acquire} images without a usable face, "
        f"{report.comparisons_left_out} comparisons left out."
    )
    click.echo(
        f"At the shipped threshold {report.threshold:.3f}: "
        f"FMR {report.fmr:.4%}, FNMR {report.fnmr:.2%}."
    )
    click.echo(
        f"EER {report.eer:.2%}, AUC {report.auc:.5f}, best accuracy {report.accuracy_best:.4f} "
        f"(threshold {report.threshold_best:.3f}, chosen on these pairs)."
    )
    for name, fnmr in report.fnmr_at_fmr.items():
        told = "these are too few comparisons to tell" if fnmr is None else f"{fnmr:.2%}"
        click.echo(f"FNMR at FMR {name}: {told}")
