"""`countenance models install`: fetch the files of a pack, checked, after the licence."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from countenance.cli.context import Session, json_option, pass_session

if TYPE_CHECKING:
    from rich.progress import Progress

    from countenance.vision.cards import ModelCard
    from countenance.vision.installation import Source
    from countenance.vision.packs import Pack


@click.command()
@click.argument("pack")
@click.option(
    "--from", "given", multiple=True, metavar="URL|DIR|FILE",
    help="Take the files from here: an address of one file, a folder, a file. May be repeated.",
)  # fmt: skip
@click.option("--mirror", metavar="URL", help="Take the files from a mirror, URL/FILE each.")
@click.option("--accept-licence", is_flag=True, help="Accept the licences that are shown.")
@click.option(
    "--timeout", "wait_s", type=click.FloatRange(min=0.1), default=30.0, show_default=True,
    help="Seconds to wait for an answer and for each next piece.",
)  # fmt: skip
@json_option
@pass_session
def install(
    session: Session,
    pack: str,
    given: tuple[str, ...],
    mirror: str | None,
    accept_licence: bool,
    wait_s: float,
) -> None:
    """Install the files of PACK into the home directory, from the publisher by default.

    Each file is compared with the SHA-256 that comes with Countenance before it takes its place,
    so that a mirror need not be trusted. Without --from or --mirror only what is missing is
    fetched. COUNTENANCE_MODEL_MIRROR names a mirror for good. The licences are shown first and
    have to be accepted.

    Exit status: 0 installed, 1 not, with the reason and nothing changed, 2 wrong usage or the
    licences were not accepted.

    JSON keys: pack, installed (list of paths), licences (list of model licence url).

    \b
    Examples:
      countenance models install minifasnet
      countenance models install dlib --from ~/Downloads
      countenance models install opencv-zoo --mirror https://mirror.example/models --accept-licence
    """
    from countenance.vision.packs import shipped_pack

    if given and mirror:
        raise click.UsageError("Give --from or --mirror, not both.")
    wanted = shipped_pack(pack)
    if not given:
        mirror = mirror or session.settings.engine.model_mirror
    sources = _sources(session, wanted, given=given, mirror=mirror)
    if not sources:
        _list_whole(session, wanted)
        _tell(session, wanted, sources, ())
        return
    _accept_licences([source.card for source in sources], accepted=accept_licence)
    placed = _install(session, sources, wait_s=wait_s)
    _tell(session, wanted, sources, placed)


def _sources(
    session: Session, pack: Pack, *, given: tuple[str, ...], mirror: str | None
) -> list[Source]:
    """Where each file is to come from; empty when nothing needs to be fetched."""
    from countenance.vision.installation import wanted_sources
    from countenance.vision.model_store import ModelStore

    if given:
        return [_given(pack, place) for place in given if not Path(place).is_dir()] + [
            source for place in given if Path(place).is_dir() for source in _in_folder(pack, place)
        ]
    store = ModelStore(session.settings.home / "models")
    return list(wanted_sources(pack, store, mirror=mirror or ""))


def _in_folder(pack: Pack, folder: str) -> list[Source]:
    """The files of the pack that lie in a folder, the published ones before others."""
    found = []
    for card in pack.cards:
        paths = [Path(folder, name) for name in _names(card)]
        path = next((path for path in paths if path.is_file()), None)
        if path is not None:
            found.append(_source(card, path.name, path))
    if not found:
        names = ", ".join(name for card in pack.cards for name in _names(card))
        raise click.UsageError(f"{folder} holds no file of {pack.name}: {names}.")
    return found


def _given(pack: Pack, place: str) -> Source:
    """The source of one file that was named by path or address."""
    is_web = "://" in place
    name = place.partition("?")[0].rsplit("/", 1)[-1] if is_web else Path(place).name
    for card in pack.cards:
        if name in _names(card):
            return _source(card, name, place if is_web else Path(place))
    known = ", ".join(name for card in pack.cards for name in _names(card))
    raise click.UsageError(f"{place} is no file of {pack.name}; its files are {known}.")


def _names(card: ModelCard) -> list[str]:
    """Names under which the file of a card may be given."""
    published = [card.download.name] if card.download else []
    return [card.file, *published, *card.alternatives]


def _source(card: ModelCard, name: str, place: str | Path) -> Source:
    from countenance.vision.installation import Source

    return Source(card, place, name if name in card.alternatives else card.file)


def _accept_licences(cards: list[ModelCard], *, accepted: bool) -> None:
    """Show the licences and have them accepted."""
    for card in cards:
        click.echo(f"{card.name} {card.version}: {card.licence}", err=True)
        click.echo(f"  {card.attribution}\n  {card.licence_url}", err=True)
    if accepted:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("The licences above have to be accepted: add --accept-licence.")
    click.confirm("Do you accept these licences?", abort=True, err=True)


def _install(session: Session, sources: list[Source], *, wait_s: float) -> tuple[Path, ...]:
    from countenance.bootstrap import prepare_home
    from countenance.vision.downloads import Patience
    from countenance.vision.installation import install as place

    prepare_home(session.settings.home)
    with session.progress() as bar:
        return place(
            sources,
            session.settings.home / "models",
            ledger=session.container.ledger,
            patience=Patience(wait_s=wait_s),
            progress=lambda source: _follow(bar, source),
        )


def _list_whole(session: Session, pack: Pack) -> None:
    """List what is there and right, as after an installation that was killed before it was done."""
    from countenance.vision.installation import list_whole
    from countenance.vision.model_store import ModelStore

    list_whole(pack, ModelStore(session.settings.home / "models"), session.container.ledger)


def _follow(bar: Progress, source: Source) -> Callable[[int], None]:
    offered = source.card.download
    task = bar.add_task(source.name, total=offered.size_bytes if offered else None)
    return lambda received: bar.update(task, completed=received)


def _tell(session: Session, pack: Pack, sources: list[Source], placed: tuple[Path, ...]) -> None:
    if session.wants_json:
        licences = [
            {"model": s.card.name, "licence": s.card.licence, "url": s.card.licence_url}
            for s in sources
        ]
        told = [str(path) for path in placed]
        session.answer({"pack": pack.identity, "installed": told, "licences": licences})
        return
    for path in placed:
        click.echo(f"Installed {path}")
    if not placed:
        click.echo(f"Every file of {pack.name} is there already.")
    if not pack.recognises:
        click.echo("Used from the next start on; COUNTENANCE_ENGINE_PAD_FUSION=off ends that.")
    elif session.settings.engine.pack != pack.name:
        click.echo(f"To use it, set COUNTENANCE_ENGINE_PACK={pack.name} and have faces enrolled.")
