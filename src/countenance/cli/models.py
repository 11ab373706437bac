"""`countenance models`: which model packs there are, and whether their files are the right ones."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from countenance.cli.context import Session, json_option, pass_session
from countenance.cli.models_install import install
from countenance.cli.models_manifest import accept, manifest_state
from countenance.cli.models_remove import remove
from countenance.cli.second_opinion import pad_card_in_use, second_opinion

if TYPE_CHECKING:
    from pathlib import Path

    from countenance.vision.cards import ModelCard
    from countenance.vision.model_store import ModelStore
    from countenance.vision.packs import Pack

_PLACES = {
    "installed": "installed in the home directory",
    "shipped": "comes with Countenance",
    "missing": "not installed",
}


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One model on paper and on disk."""

    name: str
    version: str
    task: str
    licence: str
    sha256: str
    """Of the file as its card says."""
    origin: str
    problem: str = ""
    """Why the file cannot be used; empty when it is the one of its card."""
    remedy: str = ""


@click.group()
def models() -> None:
    """List model packs, install, check and remove them.

    A pack is the models that find and recognise faces together; COUNTENANCE_ENGINE_PACK names
    the one in use. The pack minifasnet stands beside it, for a second opinion on presentation
    attacks. Nothing is ever downloaded but by `models install`.

    \b
    Examples:
      countenance models list
      countenance models install minifasnet
      countenance models verify
    """


models.add_command(install)
models.add_command(remove)
models.add_command(accept)


@models.command("list")
@json_option
@pass_session
def list_models(session: Session) -> None:
    """List the packs and their models with licence, origin, digest and place.

    JSON keys: packs (list of name version summary in_use installed models; those a list of name
    task file licence publisher place, which is installed, shipped, carried or missing), models
    (those in use: list of name version task licence sha256 origin).

    \b
    Examples:
      countenance models list
      countenance models list --json
    """
    from countenance.vision.model_store import ModelStore
    from countenance.vision.packs import shipped_packs

    store, used = ModelStore(session.settings.home / "models"), packs_in_use(session)
    packs, found = shipped_packs(), find_models(session, checks=False)
    if session.wants_json:
        told = [_pack_as_json(pack, store, in_use=pack in used) for pack in packs]
        count = sum(len(pack.models) for pack in used)
        models = [_as_json(model) for model in found[:count] + found[-1:]]
        session.answer({"packs": told, "models": models})
        return
    for pack in packs:
        _show_pack(pack, store, in_use=pack in used)
    pad = found[-1]
    click.echo(f"{pad.name} {pad.version}: {_words(pad.task)}, beside every pack")
    click.echo(f"  licence  {pad.licence}\n  sha256   {pad.sha256}\n  origin   {pad.origin}")


def pack_in_use(session: Session) -> Pack:
    """The pack that the settings name. Raises: PackUnknownError."""
    from countenance.vision.packs import shipped_pack

    return shipped_pack(session.settings.engine.pack)


def packs_in_use(session: Session) -> list[Pack]:
    """The pack in use and, where it is installed and wanted, the one with a second opinion."""
    from countenance.vision.packs import shipped_pack
    from countenance.vision.pad_fusion import FUSION_PACK, SecondOpinionState

    has_second = second_opinion(session) is SecondOpinionState.USED
    return [pack_in_use(session), *([shipped_pack(FUSION_PACK)] if has_second else [])]


def _show_pack(pack: Pack, store: ModelStore, *, in_use: bool) -> None:
    state = "in use" if in_use else "ready" if _is_complete(pack, store) else "not installed"
    click.echo(f"{click.style(pack.name, bold=True)} {pack.version} ({state})")
    click.echo(f"  {pack.summary}")
    for card in pack.cards:
        click.echo(f"  {card.name} {card.version}: {_words(card.task)}, {_place(card, store)}")
        click.echo(f"    licence  {card.licence}, {card.publisher}\n    sha256   {card.sha256}")
        click.echo(f"    origin   {card.origin}")


def _is_complete(pack: Pack, store: ModelStore) -> bool:
    return all(store.place(card) != "missing" for card in pack.cards)


def _place(card: ModelCard, store: ModelStore) -> str:
    place = store.place(card).value
    if place == "carried" and card.carrier:
        return f"carried by {card.carrier.wheel} {card.carrier.version}"
    return _PLACES[place]


def _words(task: str) -> str:
    return task.replace("_", " ")


def _pack_as_json(pack: Pack, store: ModelStore, *, in_use: bool) -> dict[str, object]:
    told = [
        {
            "name": card.name,
            "task": card.task,
            "file": card.file,
            "licence": card.licence,
            "publisher": card.publisher,
            "place": store.place(card).value,
        }
        for card in pack.cards
    ]
    return {
        "name": pack.name,
        "version": pack.version,
        "summary": pack.summary,
        "in_use": in_use,
        "installed": _is_complete(pack, store),
        "models": told,
    }


@models.command()
@json_option
@pass_session
def verify(session: Session) -> None:
    """Check that every model file has the SHA-256 of its card and is as it was listed.

    Those in use have to be there; of other packs what is there is checked. Files that lie in the
    models folder and are in no list are told; none of them is loaded.

    Exit status: 0 all are right, 1 one is missing or altered, 2 wrong usage.

    JSON keys: intact, models (as list, with problem: null or a sentence), manifest (serial files
    unlisted problem; those files a list of name sha256 size belongs_to came).

    \b
    Example: countenance models verify
    """
    found, state = find_models(session, checks=True), manifest_state(session)
    intact = not state.problem and not any(model.problem for model in found)
    if session.wants_json:
        told = [{**_as_json(model), "problem": model.problem or None} for model in found]
        session.answer({"intact": intact, "models": told, "manifest": state.as_json()})
    else:
        for model in found:
            click.echo(f"{model.name} {model.version}: {model.problem or 'intact'}")
            if model.remedy:
                click.echo(f"  {model.remedy}")
        click.echo(f"manifest: {state.told}")
        if state.remedy:
            click.echo(f"  {state.remedy}")
        for name in state.unlisted:
            click.echo(f"not listed, not loaded: {session.settings.home / 'models' / name}")
    sys.exit(0 if intact else 1)


def _as_json(model: ModelFile) -> dict[str, object]:
    names = ("name", "version", "task", "licence", "sha256", "origin")
    return {name: getattr(model, name) for name in names}


def find_models(session: Session, *, checks: bool) -> list[ModelFile]:
    """The models of this installation: the packs in use, what is there of others, the detector.

    Args:
        checks: read the files and compare their digests.
    """
    from countenance.vision.model_store import ModelStore, Place
    from countenance.vision.packs import shipped_packs

    ledger = session.container.ledger if checks else None
    store = ModelStore(session.settings.home / "models", ledger=ledger)
    used = [card for pack in packs_in_use(session) for card in pack.cards]
    names = {card.name for card in used}
    others = {
        card.name: card
        for pack in shipped_packs()
        for card in pack.cards
        if card.name not in names and store.place(card) is not Place.MISSING
    }
    found = [_model_of(card, store, checks=checks) for card in (*used, *others.values())]
    return [*found, _pad_model(pad_card_in_use(session), checks=checks)]


def _model_of(card: ModelCard, store: ModelStore, *, checks: bool) -> ModelFile:
    problem, remedy = _check(card, store) if checks else ("", "")
    return ModelFile(
        card.name, card.version, card.task, card.licence, card.sha256, card.origin, problem, remedy
    )


def _check(card: ModelCard, store: ModelStore) -> tuple[str, str]:
    from countenance.vision.errors import VisionError

    try:
        store.verified(card)
    except VisionError as error:
        return error.message, error.remedy
    return "", ""


def _pad_model(path: Path, *, checks: bool) -> ModelFile:
    from countenance.vision.backends.onnx.pad import OnnxPadModel
    from countenance.vision.errors import VisionError
    from countenance.vision.pad_card import read_pad_card

    card = read_pad_card(path)
    problem, remedy = "", ""
    if checks:
        try:
            OnnxPadModel.load(path)
        except VisionError as error:
            problem, remedy = error.message, error.remedy
    return ModelFile(
        card.name, card.version, "presentation_attack_detection", card.licence, card.sha256,
        card.origin, problem, remedy,
    )  # fmt: skip
