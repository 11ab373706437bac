"""`countenance faces`: enrol, compare and recognise faces on this machine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from countenance.cli.context import Session, json_option, pass_session
from countenance.cli.faces_approve import approve, pending, reject
from countenance.cli.faces_augment import augment
from countenance.cli.faces_classify import classify
from countenance.cli.faces_enrol import enrol, import_faces
from countenance.cli.faces_recognize import recognize
from countenance.cli.faces_train import train
from countenance.cli.users import find_user

if TYPE_CHECKING:
    from countenance.biometrics.embeddings import Embedding

_IMAGE = click.Path(path_type=Path)


@click.group()
def faces() -> None:
    """Import, enrol, compare and recognise faces.

    \b
    Examples:
      countenance faces import people/
      countenance faces recognize --source clip.mp4 --output annotated.mp4
    """


faces.add_command(import_faces)
faces.add_command(enrol)
faces.add_command(recognize)
faces.add_command(augment)
faces.add_command(train)
faces.add_command(classify)
faces.add_command(pending)
faces.add_command(approve)
faces.add_command(reject)


@faces.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_session
def erase(session: Session, name: str, yes: bool) -> None:
    """Erase the face of NAME for good; the user stays.

    \b
    Example: countenance faces erase ada
    """
    from countenance.cli.users import confirm

    user = find_user(session, name)
    confirm(f"Erase the enrolled face of {user.name} for good?", yes=yes)
    erased = session.container.identity.vault.erase(user.id, actor=None)
    click.echo(f"Erased the face of {user.name}." if erased else f"{user.name} has no face.")


@faces.command()
@click.argument("a", type=_IMAGE)
@click.argument("b", type=_IMAGE)
@click.option("--show-score", is_flag=True, help="Also tell the similarity; for local use only.")
@json_option
@pass_session
def verify(session: Session, a: Path, b: Path, show_score: bool) -> None:
    """Tell whether the image files A and B show the same person.

    The most prominent face of each (large, near the middle) is compared at the threshold of the
    model card. Photographs prove nobody's presence: this looks for no presentation attack.

    Exit status: 0 same person, 1 not the same or no face found or an error, 2 wrong usage.

    JSON keys: same (null without two faces), failure (null, no_face_in_a, no_face_in_b),
    threshold_fmr (false match rate the threshold was fixed for), with --show-score also
    similarity and threshold.

    \b
    Examples:
      countenance faces verify passport.jpg webcam.jpg
      countenance faces verify a.jpg b.jpg --json
    """
    from countenance.biometrics.comparison import similarity
    from countenance.images.codec import read_image
    from countenance.vision.packs import FACE_EMBEDDING, shipped_pack

    images = [read_image(a), read_image(b)]
    engine = session.container.engine
    card = shipped_pack(session.settings.engine.pack).card(FACE_EMBEDDING)
    probes = [engine.analyse_still(image).embedding for image in images]
    failure = _failure(probes)
    threshold = engine.thresholds.match_similarity
    reached = None
    if probes[0] is not None and probes[1] is not None:
        reached = similarity(probes[0], probes[1])
    same = None if reached is None else reached >= threshold
    answer: dict[str, object] = {
        "same": same,
        "failure": failure,
        "threshold_fmr": card.parameters["threshold_fmr"],
    }
    if show_score:
        answer |= {"similarity": reached, "threshold": threshold}
    if session.wants_json:
        session.answer(answer)
    else:
        _say_verified(same, failure)
        if show_score and reached is not None:
            click.echo(f"Similarity {reached:.4f}, threshold {threshold:.4f}.")
    sys.exit(0 if same else 1)


def _failure(probes: list[Embedding | None]) -> str | None:
    for name, probe in zip("ab", probes, strict=True):
        if probe is None:
            return f"no_face_in_{name}"
    return None


def _say_verified(same: bool | None, failure: str | None) -> None:
    if failure is not None:
        which = "first" if failure.endswith("a") else "second"
        click.echo(f"No face was found in the {which} image.")
    else:
        click.echo("The same person." if same else "Not the same person.")


@faces.command()
@click.argument("image", type=_IMAGE)
@click.option("--limit", default=5, show_default=True, type=click.IntRange(1, 100))
@click.option("--show-score", is_flag=True, help="Also tell similarities; for local use only.")
@json_option
@pass_session
def identify(session: Session, image: Path, limit: int, show_score: bool) -> None:
    """Tell which enrolled users the most prominent face of the file IMAGE may be.

    Everybody is compared. The more people are enrolled, the surer a match has to be, so that of
    strangers at most the share COUNTENANCE_FPIR is named as somebody.

    Exit status: 0 at least one candidate, 1 nobody or no face or an error, 2 wrong usage.

    JSON keys: candidates (list of user and rank, best first; with --show-score also similarity),
    nobody, failure (null, no_face), with --show-score also threshold and enrolled.

    \b
    Examples:
      countenance faces identify visitor.jpg
      countenance faces identify visitor.jpg --json
    """
    from countenance.cli.enrolled import open_gallery, threshold_for, user_names
    from countenance.images.codec import read_image

    picture = read_image(image)
    engine = session.container.engine
    probe = engine.analyse_still(picture).embedding
    gallery = open_gallery(session, engine)
    threshold = threshold_for(session, engine, gallery)
    found = [] if probe is None else gallery.candidates(probe, threshold=threshold, limit=limit)
    names = user_names(session, [candidate.key for candidate in found])
    ranked = [(names[candidate.key], candidate.similarity) for candidate in found]
    if session.wants_json:
        scores = {"threshold": threshold, "enrolled": len(gallery)} if show_score else {}
        session.answer(
            {
                "candidates": _as_json(ranked, show_score=show_score),
                "nobody": not ranked,
                "failure": "no_face" if probe is None else None,
                **scores,
            }
        )
    elif probe is None:
        click.echo("No face was found in the image.")
    else:
        _say_identified(ranked, show_score=show_score)
        if show_score:
            click.echo(f"Threshold {threshold:.4f} for {len(gallery)} enrolled.")
    sys.exit(0 if ranked else 1)


def _as_json(ranked: list[tuple[str, float]], *, show_score: bool) -> list[dict[str, object]]:
    return [
        {"user": name, "rank": rank} | ({"similarity": similarity} if show_score else {})
        for rank, (name, similarity) in enumerate(ranked, 1)
    ]


def _say_identified(ranked: list[tuple[str, float]], *, show_score: bool) -> None:
    if not ranked:
        click.echo("Nobody who is enrolled.")
    for rank, (name, similarity) in enumerate(ranked, 1):
        click.echo(f"{rank}. {name}" + (f" ({similarity:.4f})" if show_score else ""))
