"""`countenance evaluate identification`: does 1:N keep the rate that it promises?"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from countenance.cli.context import Session, json_option, pass_session

if TYPE_CHECKING:
    from countenance.biometrics.embeddings import Embedding
    from countenance.biometrics.open_set import NonMatedTail
    from countenance.evaluation.identification import Promise
    from countenance.vision.engine import Engine

SIZES = (10, 30, 100, 300, 1000)


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--splits", default=40, show_default=True, type=click.IntRange(2, 1000))
@json_option
@pass_session
def identification(session: Session, directory: Path, splits: int) -> None:
    """Search people among others at the thresholds of 1:N; DIRECTORY holds a folder per person.

    People are split in halves at random: one half gives the tail of the similarities of
    different people, as a model card holds it; from the other half galleries of several sizes
    are enrolled and searched. Told are the share of searches that name somebody else (FPIR, own
    template left out) beside its target, and the share that misses the own enrolment (FNIR, at
    rank 1, the own template made from the other pictures). The tail of all people is what a card
    would take, as `non_mated_tail`. Pictures without a face are left out and counted.

    JSON keys: people pictures no_face tail (start rate scale) tail_of_card threshold_1_to_1 splits
    promises (list of enrolled fpir_target threshold fpir fpir_interval fnir fnir_interval
    non_mated_searches mated_searches).

    \b
    Examples:
      countenance evaluate identification people/
      countenance evaluate identification people/ --splits 100 --json
    """
    from countenance.evaluation.identification import check_promises, compare, tail_of

    engine = session.container.engine
    samples, no_face = _samples(session, engine, directory)
    comparisons = compare(samples)
    tail = tail_of(comparisons)
    threshold = engine.thresholds.match_similarity
    promises = check_promises(comparisons, sizes=SIZES, verification=threshold, splits=splits)
    if not session.wants_json:
        _show(session, tail, promises)
        return
    of_card = engine.thresholds.tail
    session.answer(
        {
            "people": comparisons.people,
            "pictures": len(comparisons.person),
            "no_face": no_face,
            "tail": asdict(tail),
            "tail_of_card": asdict(of_card) if of_card else None,
            "threshold_1_to_1": threshold,
            "splits": splits,
            "promises": [promise.as_json() for promise in promises],
        }
    )


def _samples(
    session: Session, engine: Engine, directory: Path
) -> tuple[list[list[Embedding]], int]:
    """The embeddings of each person who has one, and how many pictures have none."""
    from countenance.cli.photographs import list_files
    from countenance.images.codec import read_image

    folders = sorted(path for path in directory.iterdir() if path.is_dir())
    samples: list[list[Embedding]] = []
    no_face = 0
    with session.progress() as progress:
        for folder in progress.track(folders, description="Embedding"):
            found = [engine.analyse_still(read_image(p)).embedding for p in list_files(folder)]
            faces = [embedding for embedding in found if embedding is not None]
            no_face += len(found) - len(faces)
            samples += [faces] if faces else []
    if not samples:
        from countenance.errors import ConfigurationError

        raise ConfigurationError(
            f"{directory} shows no face.", remedy="Give a folder that holds a folder per person."
        )
    return samples, no_face


def _show(session: Session, tail: NonMatedTail, promises: list[Promise]) -> None:
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("ENROLLED", "TARGET", "THRESHOLD", "FPIR", "95 %", "FNIR", "95 %"):
        table.add_column(heading, justify="right")
    for promise in promises:
        table.add_row(
            str(promise.enrolled),
            f"{promise.fpir_target:.3g}",
            f"{promise.threshold:.3f}",
            f"{promise.fpir:.5f}",
            "{:.4f}-{:.4f}".format(*promise.fpir_interval),
            "-" if promise.fnir is None else f"{promise.fnir:.4f}",
            "-"
            if promise.fnir_interval is None
            else "{:.3f}-{:.3f}".format(*promise.fnir_interval),
        )
    session.console.print(table)
    click.echo(f"Tail: start {tail.start:.4f}, rate {tail.rate:.6f}, scale {tail.scale:.5f}.")
