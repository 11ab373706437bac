"""Whether logins ask for a second opinion on presentation attacks, and if not, why."""

from __future__ import annotations

from enum import Enum, auto
from pathlib import Path
from typing import Final

from countenance.cli.context import Session

ADVICE: Final = (
    "Recommended: a second opinion on presentation attacks, countenance models install minifasnet"
)


class SecondOpinion(Enum):
    """How it stands with the pack that gives one."""

    USED = auto()
    MISSING = auto()
    """It would fit, and is not installed or not whole."""
    OFF = auto()
    """COUNTENANCE_ENGINE_PAD_FUSION says so."""
    UNFIT = auto()
    """Its weights belong to another detector than the one in use."""


def second_opinion(session: Session) -> SecondOpinion:
    """How it stands in this installation; the files are not read.

    Raises: VisionError: the card of the detector in use cannot be read.
    """
    from countenance.vision.model_store import ModelStore
    from countenance.vision.packs import shipped_pack
    from countenance.vision.pad_card import read_pad_card
    from countenance.vision.pad_fusion import FUSION_PACK, fusion_of, is_installed

    if session.settings.engine.pad_fusion == "off":
        return SecondOpinion.OFF
    pack = shipped_pack(FUSION_PACK)
    if read_pad_card(pad_card_in_use(session)).sha256 != fusion_of(pack).detector_sha256:
        return SecondOpinion.UNFIT
    store = ModelStore(session.settings.home / "models")
    return SecondOpinion.USED if is_installed(pack, store) else SecondOpinion.MISSING


def pad_card_in_use(session: Session) -> Path:
    """Where the card of the passive detector lies."""
    return session.container.pad_in_service.card
