"""`countenance faces classify`: ask a trained recogniser who is on a picture or video."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from countenance.cli.context import Session, json_option, pass_session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from countenance.images.image import Image
    from countenance.vision.backends.onnx.recogniser import OnnxRecogniser, Recognition


@dataclass(frozen=True, slots=True)
class Looked:
    """What a picture or video showed."""

    recognition: Recognition | None
    """None when no face was found."""
    frames: int
    frames_with_face: int


@click.command()
@click.argument("source", metavar="FILE")
@click.option(
    "--model",
    "card",
    required=True,
    type=click.Path(path_type=Path),
    help="The recogniser.json that `faces train` wrote.",
)
@click.option(
    "--every",
    default=5,
    show_default=True,
    type=click.IntRange(1, 10_000),
    help="Of a video, look at every so manieth frame.",
)
@click.option("--show-score", is_flag=True, help="Also tell the probability; for local use only.")
@json_option
@pass_session
def classify(session: Session, source: str, card: Path, every: int, show_score: bool) -> None:
    """Tell who of a trained recogniser's list is on the image or video FILE, or that nobody is.

    The most prominent face of each picture is looked at; the frames of a video are taken to show
    one person and judged together. This is identification by a closed list: it looks for no
    presentation attack and logs nobody in.

    Exit status: 0 a person was named, 1 unknown or no face or an error, 2 wrong usage.

    JSON keys: name (null: unknown or no face), failure (null, no_face), frames frames_with_face,
    with --show-score also probability and threshold.

    \b
    Examples:
      countenance faces classify visitor.jpg --model recogniser/recogniser.json
      countenance faces classify clip.mp4 --model recogniser/recogniser.json --json
    """
    from countenance.vision.backends.onnx.recogniser import OnnxRecogniser

    threads = session.settings.engine.threads
    engine = session.container.engine
    recogniser = OnnxRecogniser.load(card, pack=engine.pack, threads=threads)
    looked = _look(session, recogniser, source, every=every)
    found = looked.recognition
    answer: dict[str, object] = {
        "name": found.name if found else None,
        "failure": None if found else "no_face",
        "frames": looked.frames,
        "frames_with_face": looked.frames_with_face,
    }
    if show_score:
        probability = round(found.probability, 6) if found else None
        answer |= {"probability": probability, "threshold": recogniser.card.threshold}
    if session.wants_json:
        session.answer(answer)
    else:
        _say(found, threshold=recogniser.card.threshold, show_score=show_score)
    sys.exit(0 if found and found.name else 1)


def _say(found: Recognition | None, *, threshold: float, show_score: bool) -> None:
    from countenance.vision.recogniser_card import UNKNOWN

    if found is None:
        click.echo("No face was found.")
        return
    click.echo(found.name or UNKNOWN)
    if show_score:
        click.echo(f"Probability {found.probability:.4f}, threshold {threshold:.4f}.")


def _look(session: Session, recogniser: OnnxRecogniser, source: str, *, every: int) -> Looked:
    import numpy as np

    engine, frames, rows = session.container.engine, 0, []
    for image in _pictures(session, source, every=every):
        frames += 1
        row = recogniser.probabilities(image, still=engine.analyse_still(image))
        if row is not None:
            rows.append(row)
    found = recogniser.decide(np.mean(rows, axis=0)) if rows else None
    return Looked(found, frames, len(rows))


def _pictures(session: Session, source: str, *, every: int) -> Iterator[Image]:
    from countenance.images.codec import read_image
    from countenance.images.errors import NotAnImageError
    from countenance.images.sources import SourceKind, open_source, source_kind

    kind = source_kind(source)
    if kind in (SourceKind.CAMERA, SourceKind.FOLDER):
        raise NotAnImageError(
            f"{source} is no image or video file.",
            remedy="Give one file; cameras and folders are not looked at here.",
        )
    if kind is SourceKind.IMAGE:
        yield read_image(Path(source))
        return
    with open_source(source) as reader, session.progress() as progress:
        task = progress.add_task("Watching", total=reader.frame_count)
        for frame in reader.frames():
            if frame.index % every == 0:
                yield frame.image
            progress.update(task, completed=frame.index + 1)
