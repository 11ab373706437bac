"""`countenance faces augment`: altered copies of photographs."""

from __future__ import annotations

from pathlib import Path

import click

from countenance.cli.context import Session, json_option, pass_session


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--per-image", type=click.IntRange(1, 100), default=5, show_default=True, help="Copies of each."
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the copies, laid out as DIR; default beside the photographs.",
)
@click.option("--seed", type=click.IntRange(0, 2**31), default=7, show_default=True)
@json_option
@pass_session
def augment(session: Session, folder: Path, per_image: int, output: Path | None, seed: int) -> None:
    """Write altered copies of the photographs in DIR: flipped, turned, zoomed, cropped, lit.

    A copy is named after its source, ada-1.jpg.aug-001.jpg, and `faces train` keeps it on its
    source's side of the split. Nothing is overwritten: a copy that is there already is kept, and
    copies of copies are not made. The same photograph and seed give the same copies. Files that
    are no readable image are skipped and counted.

    JSON keys: photographs written kept unreadable.

    \b
    Examples:
      countenance faces augment people --per-image 4
      countenance faces augment people --per-image 10 --output augmented --json
    """
    from countenance.training.augmentation_files import list_originals, write_copies
    from countenance.training.errors import TrainingDataError

    target = output or folder
    if target != folder and target.resolve().is_relative_to(folder.resolve()):
        raise TrainingDataError(
            f"{target} lies inside {folder} and would be taken for a person.",
            remedy="Choose a folder outside with --output, or leave it away.",
        )
    originals = list_originals(folder)
    with session.progress() as progress:
        task = progress.add_task("Writing copies", total=len(originals))
        copies = write_copies(
            originals,
            folder=folder,
            output=target,
            per_image=per_image,
            seed=seed,
            on_done=lambda: progress.advance(task),
        )
    for reason in copies.unreadable:
        session.note(f"Skipped: {reason}")
    if len(copies.unreadable) == len(originals):
        raise TrainingDataError(
            f"No file in {folder} is a readable image.", remedy="Give a folder with photographs."
        )
    if session.wants_json:
        told = {"photographs": len(originals), "written": copies.written, "kept": copies.kept}
        session.answer({**told, "unreadable": len(copies.unreadable)})
        return
    read = len(originals) - len(copies.unreadable)
    click.echo(f"{copies.written} copies of {read} photographs in {target}.")
    if copies.kept:
        click.echo(f"{copies.kept} were there already and are as they were.")
    if copies.unreadable:
        click.echo(f"{len(copies.unreadable)} files could not be read.")
