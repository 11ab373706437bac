"""`countenance models remove`: delete the installed files of a pack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from countenance.cli.context import Session, json_option, pass_session

if TYPE_CHECKING:
    from countenance.vision.cards import ModelCard
    from countenance.vision.model_store import ModelStore
    from countenance.vision.packs import Pack


@click.command()
@click.argument("pack")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_session
def remove(session: Session, pack: str, yes: bool) -> None:
    """Delete the files of PACK that `models install` put into the home directory.

    The pack in use is not removed, nor what another installed pack needs; a file that a Python
    package carries goes with that package. Templates are left as they are.

    Exit status: 0 removed, 1 refused, 2 wrong usage.

    JSON keys: pack, removed (list of paths).

    \b
    Example: countenance models remove dlib
    """
    from countenance.cli.users import confirm
    from countenance.vision.errors import PackInUseError
    from countenance.vision.model_store import ModelStore
    from countenance.vision.packs import shipped_pack

    wanted = shipped_pack(pack)
    if wanted.name == session.settings.engine.pack:
        raise PackInUseError(
            f"The pack {wanted.name} is in use.",
            remedy="Set COUNTENANCE_ENGINE_PACK to another one first: countenance models list",
        )
    store = ModelStore(session.settings.home / "models", ledger=session.container.ledger)
    cards = _removable(wanted, store)
    if cards:
        confirm(_question(session, wanted), yes=yes)
    removed = _delete(cards, store)
    if session.wants_json:
        session.answer({"pack": wanted.identity, "removed": removed})
        return
    for path in removed:
        click.echo(f"Removed {path}")
    if not removed:
        click.echo(f"Nothing of {wanted.name} is installed in the home directory.")


def _removable(pack: Pack, store: ModelStore) -> list[ModelCard]:
    """The installed models of a pack that no other pack shares."""
    from countenance.vision.packs import shipped_packs

    shared = {
        name for other in shipped_packs() if other.name != pack.name
        for name in other.models.values()
    }  # fmt: skip
    return [card for card in pack.cards if card.name not in shared and store.installed(card)]


def _question(session: Session, pack: Pack) -> str:
    """What is asked before; says whose faces the pack made."""
    faces = session.container.identity.users.count_faces().get(pack.identity, 0)
    whose = f" {faces} enrolled with it." if faces else ""
    return f"Remove the files of {pack.name}?{whose}"


def _delete(cards: list[ModelCard], store: ModelStore) -> list[str]:
    from countenance.vision.errors import InstallationError

    try:
        return [str(path) for card in cards for path in store.remove(card)]
    except OSError as error:
        raise InstallationError(
            f"{error.filename} cannot be deleted: {error.strerror}.",
            remedy="Check its permissions.",
        ) from error
