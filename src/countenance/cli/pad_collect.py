"""`countenance pad collect`: presentations out of videos, pictures, folders or a camera."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from countenance.cli.context import Session, json_option, pass_session
from countenance.pad.species import PaiSpecies

if TYPE_CHECKING:
    from countenance.cli.pad_harvest import Harvest
    from countenance.datasets.capture import CaptureTally
    from countenance.datasets.dataset_folder import Declared

REMINDER: Final = (
    "These are faces of people: ask everybody first, and delete the folder when it has served."
)


def _plain_name(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    from countenance.datasets.names import NAME_RULE, is_plain_name

    if not is_plain_name(value):
        raise click.BadParameter(f"{NAME_RULE}.")
    return value


@click.command()
@click.option(
    "--input",
    "source",
    required=True,
    help="A video, a picture, a folder of both, or a camera number such as 0.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder of the data set; made when missing, added to when there.",
)
@click.option(
    "--label",
    type=click.Choice(["bona_fide", "attack"]),
    required=True,
    help="bona_fide: the person is there; attack: a picture or mask of a person is.",
)
@click.option(
    "--species",
    type=click.Choice([species.value for species in PaiSpecies]),
    help="Of an attack: what is held before the camera.",
)
@click.option(
    "--subject", required=True, callback=_plain_name, help="Whose face it is; a name or number."
)
@click.option(
    "--source",
    "place",
    required=True,
    callback=_plain_name,
    help="Camera, room and session; what a split keeps together, such as hall-laptop.",
)
@click.option(
    "--skip",
    "nth",
    type=click.IntRange(1),
    default=5,
    show_default=True,
    help="Look at every N-th frame of a video or camera.",
)
@click.option(
    "--confidence",
    type=click.FloatRange(0, 1),
    default=0.0,
    help="Leave out faces that the detector is less sure of; default is its own limit.",
)
@click.option("--limit", type=click.IntRange(1), help="Presentations of one input, at most.")
@json_option
@pass_session
def collect(
    session: Session,
    source: str,
    output: Path,
    label: str,
    species: str | None,
    subject: str,
    place: str,
    nth: int,
    confidence: float,
    limit: int | None,
) -> None:
    """Take presentations out of videos, pictures or a camera, for `pad train --data`.

    Of every frame with a face two PNG files are kept, the whole frame and the face alone, and two
    rows in DATASET/manifest.csv. Of several faces the largest is the presentation. Frames that
    show nothing new since the last kept one are left out. Files are readable by you alone.

    Running again adds to the folder: nothing is overwritten, and a file that was collected before
    is continued where it ended, so a stopped run is started again with the same words. A camera
    runs until --limit or Ctrl-C.

    Exit status: 0 something is there now, 1 nothing was found or an error, 2 wrong usage, 130
    stopped with Ctrl-C; what was collected by then stays.

    JSON keys: dataset inputs frames kept already_there near_duplicates no_face several_faces
    refused balance (as of `pad dataset`).

    \b
    Examples:
      countenance pad collect --input ada.mp4 --output captures --label bona_fide \\
          --subject ada --source hall-laptop
      countenance pad collect --input phone.mp4 --output captures --label attack \\
          --species replay_phone --subject ada --source hall-laptop
      countenance pad collect --input 0 --output captures --label bona_fide \\
          --subject ben --source lab-webcam --limit 60
    """
    declared = _declared(label, species, subject, place)
    if source.isdecimal() and limit is None and session.wants_json:
        raise click.UsageError("A camera with --json needs --limit.")
    from countenance.cli.pad_harvest import Harvest, gather
    from countenance.datasets.capture import CaptureTally
    from countenance.datasets.dataset_folder import DatasetFolder
    from countenance.images.sources import source_kind
    from countenance.vision.engine import open_recognition

    source_kind(source)
    detector, _, _ = open_recognition(
        session.settings.home / "models", ledger=session.container.ledger
    )
    harvest = Harvest(declared, detector, nth, confidence, limit, CaptureTally())
    try:
        with DatasetFolder(output) as folder:
            if folder.is_open_to_others:
                session.note(f"Others on this machine may read {output}: chmod 700 {output}")
            with session.progress() as progress:
                gather(harvest, source, folder, progress)
    except KeyboardInterrupt:
        session.note(f"Stopped: {_in_words(harvest.tally)}. What was collected stays.")
        raise
    _conclude(session, harvest, source, output)


def _declared(label: str, species: str | None, subject: str, place: str) -> Declared:
    from countenance.datasets.dataset_folder import Declared

    if label == "attack" and species is None:
        raise click.UsageError("An attack needs --species: what is held before the camera?")
    if label == "bona_fide" and species is not None:
        raise click.UsageError("--species belongs to --label attack.")
    return Declared(place, subject, PaiSpecies(species) if species else None)


def _conclude(session: Session, harvest: Harvest, source: str, output: Path) -> None:
    from countenance.cli.pad_dataset import balance_as_dict, show_balance
    from countenance.datasets.balance import balance
    from countenance.datasets.errors import CollectionError
    from countenance.datasets.manifest import read_folder

    counts, told = _as_dict(harvest.tally), _in_words(harvest.tally)
    if harvest.refused and not harvest.inputs:
        session.note(f"{told}.")
        raise harvest.refused[0][1]
    for path, error in harvest.refused:
        session.note(f"Left out: {path}: {error.message}")
    is_full = harvest.inputs and not counts["frames"]  # the limit was reached before
    if not counts["kept"] and not counts["already_there"] and not is_full:
        raise CollectionError(
            f"No presentation was found in {source}: {told}.",
            remedy="Check that faces are large enough and well lit, and lower --confidence.",
        )
    counted = balance(read_folder(output))
    if session.wants_json:
        session.answer(
            {
                "dataset": str(output),
                "inputs": harvest.inputs,
                **counts,
                "refused": [
                    {"path": path, "code": error.code, "message": error.message}
                    for path, error in harvest.refused
                ],
                "balance": balance_as_dict(counted),
            }
        )
        return
    click.echo(f"{told[0].upper()}{told[1:]}.")
    show_balance(session, counted)
    session.note(REMINDER)


def _as_dict(tally: CaptureTally) -> dict[str, int]:
    from countenance.datasets.capture import Fate

    return {
        "frames": tally.frames,
        "kept": tally.fates[Fate.KEPT],
        "already_there": tally.fates[Fate.ALREADY_THERE],
        "near_duplicates": tally.fates[Fate.NEAR_DUPLICATE],
        "no_face": tally.fates[Fate.NO_FACE],
        "several_faces": tally.several_faces,
    }


def _in_words(tally: CaptureTally) -> str:
    counts = _as_dict(tally)
    parts = [f"{counts['frames']} frames looked at", f"{counts['kept']} kept"]
    for key, words in (
        ("near_duplicates", "like the one before"),
        ("no_face", "without a face"),
        ("already_there", "collected before"),
        ("several_faces", "kept with a bystander"),
    ):
        if counts[key]:
            parts.append(f"{counts[key]} {words}")
    return ", ".join(parts)
