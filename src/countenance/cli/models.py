"""`countenance models`: which models there are, and whether their files are the right ones."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from countenance.cli.context import Session, json_option, pass_session

if TYPE_CHECKING:
    from pathlib import Path


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
    """List the models and check their files.

    \b
    Example: countenance models verify
    """


@models.command("list")
@json_option
@pass_session
def list_models(session: Session) -> None:
    """List the models with licence, origin and digest.

    JSON keys: models (list of name version task licence sha256 origin).

    \b
    Examples:
      countenance models list
      countenance models list --json
    """
    found = find_models(session, checks=False)
    if session.wants_json:
        session.answer({"models": [_as_json(model) for model in found]})
        return
    for model in found:
        click.echo(f"{model.name} {model.version}: {model.task.replace('_', ' ')}")
        click.echo(f"  licence  {model.licence}\n  sha256   {model.sha256}")
        click.echo(f"  origin   {model.origin}")


@models.command()
@json_option
@pass_session
def verify(session: Session) -> None:
    """Check that every model file is there and has the SHA-256 of its card.

    Exit status: 0 all are, 1 one is missing or altered, 2 wrong usage.

    JSON keys: intact, models (as list, with problem: null or a sentence).

    \b
    Example: countenance models verify
    """
    found = find_models(session, checks=True)
    intact = not any(model.problem for model in found)
    if session.wants_json:
        told = [{**_as_json(model), "problem": model.problem or None} for model in found]
        session.answer({"intact": intact, "models": told})
    else:
        for model in found:
            click.echo(f"{model.name} {model.version}: {model.problem or 'intact'}")
            if model.remedy:
                click.echo(f"  {model.remedy}")
    sys.exit(0 if intact else 1)


def _as_json(model: ModelFile) -> dict[str, object]:
    names = ("name", "version", "task", "licence", "sha256", "origin")
    return {name: getattr(model, name) for name in names}


def find_models(session: Session, *, checks: bool) -> list[ModelFile]:
    """The models of this installation: recognition, and the passive detector in use.

    Args:
        checks: read the files and compare their digests.
    """
    from pathlib import Path

    from countenance.vision.backends.onnx.pad import shipped_pad_card
    from countenance.vision.cards import shipped_card

    chosen = session.settings.engine.pad_card
    pad = Path(chosen) if chosen else shipped_pad_card()
    found = []
    for name in ("yunet", "sface"):
        card = shipped_card(name)
        problem, remedy = _check_recognition(session, name) if checks else ("", "")
        found.append(
            ModelFile(
                card.name, card.version, card.task, card.licence, card.sha256, card.origin,
                problem, remedy,
            )
        )  # fmt: skip
    return [*found, _pad_model(pad, checks=checks)]


def _check_recognition(session: Session, name: str) -> tuple[str, str]:
    from countenance.vision.cards import shipped_card
    from countenance.vision.errors import VisionError
    from countenance.vision.model_store import ModelStore

    try:
        ModelStore(session.settings.home / "models").verified(shipped_card(name))
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
