"""Which passive detector is in service: the one of the setting, a promoted one, or the shipped one.

A promoted detector is copied into the models folder with its card, as a folder of its own, and a
small file there points to it. All three are in the manifest of the installation and compared with
it whenever they are opened; a pointer that leads astray, or is gone while it is listed, stops the
start instead of falling back silently.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from countenance.vision.errors import (
    InstallationError,
    ModelAlteredError,
    ModelInvalidError,
    ModelMissingError,
)
from countenance.vision.ledger import ModelLedger
from countenance.vision.manifest import Came
from countenance.vision.model_store import digest_of
from countenance.vision.pad_card import PadCard, read_pad_card

_FOLDER: Final = "pad"
_POINTER: Final = "in-service.json"
_CARD: Final = "card.json"
_STAGE: Final = ".promoting-"
DEMOTE: Final = "Run: countenance pad demote, which takes the shipped one; or promote it again."


class Chosen(StrEnum):
    """Why a detector is in service."""

    SETTING = "setting"
    """COUNTENANCE_PAD_CARD names it, which goes before everything else."""
    PROMOTED = "promoted"
    SHIPPED = "shipped"


@dataclass(frozen=True, slots=True)
class PadInService:
    """The card of the detector that logins use."""

    card: Path
    chosen: Chosen


def pad_in_service(
    models_dir: Path, *, setting: str, shipped: Path, ledger: ModelLedger | None = None
) -> PadInService:
    """Find the detector that logins use.

    Args:
        models_dir: of this installation.
        setting: path of a card; empty for none.
        shipped: card of the detector that comes with the package.
        ledger: of this installation.

    Raises: ModelInvalidError, ModelMissingError, ModelAlteredError, ModelUnlistedError: something
        was promoted and is not as it was.
    """
    if setting:
        return PadInService(Path(setting), Chosen.SETTING)
    promoted = _promoted(models_dir, ledger)
    if promoted is None:
        return PadInService(shipped, Chosen.SHIPPED)
    return PadInService(promoted, Chosen.PROMOTED)


def _promoted(models_dir: Path, ledger: ModelLedger | None) -> Path | None:
    pointer = pointer_of(models_dir)
    named = _named(models_dir)
    if named is None:
        if ledger is not None and ledger.lists(pointer):
            raise ModelMissingError(
                f"The file {pointer}, which names the detector in service, is gone.", remedy=DEMOTE
            )
        return None
    content, card, card_content = named
    if ledger is not None:
        ledger.check(pointer, content)
        ledger.check(card, card_content)
    return card


def pointer_of(models_dir: Path) -> Path:
    """The file that names the promoted detector."""
    return models_dir / _FOLDER / _POINTER


def _named(models_dir: Path) -> tuple[bytes, Path, bytes] | None:
    """Content of the pointer, and the card that it names with its content; None without one."""
    pointer = pointer_of(models_dir)
    try:
        content = pointer.read_bytes()
        values = json.loads(content)
        name, digest = str(values["folder"]), str(values["card_sha256"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelInvalidError(
            f"The file {pointer}, which names the detector in service, cannot be read: {error}.",
            remedy=DEMOTE,
        ) from error
    card = models_dir / _FOLDER / Path(name).name / _CARD
    try:
        card_content = card.read_bytes()
    except OSError as error:
        raise ModelMissingError(
            f"The promoted detector {card} cannot be read: {error.strerror or error}.",
            remedy=DEMOTE,
        ) from error
    if digest_of(card_content) != digest:
        raise ModelAlteredError(f"The card {card} is not the one that was promoted.", remedy=DEMOTE)
    return content, card, card_content


def promoted_files(models_dir: Path) -> dict[Path, bytes]:
    """Model, card and pointer of the promoted detector; empty when none was promoted.

    Raises: ModelMissingError, ModelInvalidError, ModelAlteredError: they do not belong together.
    """
    named = _named(models_dir)
    if named is None:
        return {}
    content, path, card_content = named
    card = read_pad_card(path)
    model = path.with_name(card.file)
    model_content = _read(model)
    if digest_of(model_content) != card.sha256:
        raise ModelAlteredError(
            f"The detector {model} is not the file its card describes.", remedy=DEMOTE
        )
    return {model: model_content, path: card_content, pointer_of(models_dir): content}


def install_detector(card_path: Path, models_dir: Path) -> Path:
    """Copy a detector into the models folder; both files appear at once.

    Args:
        card_path: its card, beside its model.
        models_dir: of this installation.

    Returns: the card of the copy.
    Raises: ModelMissingError, ModelInvalidError, ModelAlteredError: card or model make no sense.
        InstallationError: the folder cannot be written.
    """
    card = read_pad_card(card_path)
    content, model = _read(card_path), _read(card_path.with_name(card.file))
    if digest_of(model) != card.sha256:
        raise ModelAlteredError(
            f"The detector {card_path.with_name(card.file)} is not the file its card describes.",
            remedy="Train it again with 'countenance pad train'; it was not copied.",
        )
    home = models_dir / _FOLDER
    target = home / _folder_name(card, content)
    with _disk_errors(home):
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(dir=home, prefix=_STAGE))
        try:
            _write(stage / card.file, model)
            _write(stage / _CARD, content)
            # A folder of this name holds the same card; whatever became of it is replaced.
            if target.exists():
                shutil.rmtree(target)
            stage.replace(target)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    return target / _CARD


def put_in_service(card: Path, models_dir: Path, *, ledger: ModelLedger | None = None) -> None:
    """Let logins use an installed detector, from the next start on.

    Killed between pointer and list, the next start refuses what is not listed and says so.

    Args:
        card: of `install_detector`.
        models_dir: of this installation.
        ledger: of this installation; lists the detector.

    Raises:
        InstallationError: the folder cannot be written.
        VisionError, StorageError: it could not be listed.
    """
    home = models_dir / _FOLDER
    values = {"folder": card.parent.name, "card_sha256": digest_of(_read(card))}
    with _disk_errors(home):
        handle, name = tempfile.mkstemp(dir=home, prefix=_STAGE)
        os.close(handle)
        try:
            _write(Path(name), json.dumps(values).encode())
            Path(name).replace(home / _POINTER)
        finally:
            Path(name).unlink(missing_ok=True)
    if ledger is not None:
        told = read_pad_card(card).name
        files = [
            ledger.listed(path, content, belongs_to=told, came=Came.PROMOTED)
            for path, content in promoted_files(models_dir).items()
        ]
        ledger.record(files, instead_of=[home])


def is_promoted(models_dir: Path) -> bool:
    """Whether a detector was promoted, in whatever state it is now."""
    return (models_dir / _FOLDER / _POINTER).exists()


def take_out_of_service(models_dir: Path, *, ledger: ModelLedger | None = None) -> None:
    """Go back to the shipped detector; the promoted one stays installed, and is not listed.

    Raises:
        InstallationError: the folder cannot be written.
        VisionError, StorageError: it could not be taken off the list.
    """
    pointer = models_dir / _FOLDER / _POINTER
    with _disk_errors(pointer.parent):
        pointer.unlink(missing_ok=True)
    if ledger is not None:
        ledger.forget([pointer.parent])


def detector_named(name: str, models_dir: Path, *, shipped: Path) -> Path:
    """The card of a detector by path, or by the name on an installed or shipped card.

    Raises: ModelMissingError: there is none, or several installed ones have that name.
    """
    if Path(name).is_file():
        return Path(name)
    cards = [shipped, *sorted((models_dir / _FOLDER).glob(f"*/{_CARD}"))]
    known = {path: read_pad_card(path).name for path in cards}
    found = [p for p, told in known.items() if name in (told, p.parent.name)]
    if len(found) == 1:
        return found[0]
    folders = ", ".join(path.parent.name for path in cards[1:])
    listed = f"{known[shipped]} (shipped)" + (f", {folders}" if folders else "")
    raise ModelMissingError(
        f"There are {len(found)} detectors of the name {name!r}."
        if found
        else f"There is no detector of the name {name!r}, and no such card.",
        remedy=f"Give the path of its card, or one of: {listed}.",
    )


def _folder_name(card: PadCard, content: bytes) -> str:
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", card.name).strip("-") or "detector"
    return f"{plain[:60]}-{digest_of(content)[:12]}"


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelMissingError(
            f"{path} cannot be read: {error.strerror or error}.",
            remedy="Put the model that belongs to the card beside it.",
        ) from error


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InstallationError(
            f"The detector cannot be written to {folder}: {error.strerror or error}.",
            remedy="Free some space, or check the permissions of the folder.",
        ) from error
