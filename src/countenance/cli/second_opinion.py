"""Whether logins ask for a second opinion on presentation attacks, and if not, why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from countenance.cli.context import Session

if TYPE_CHECKING:
    from countenance.vision.pad_fusion import SecondOpinionState

ADVICE: Final = (
    "Recommended: a second opinion on presentation attacks, countenance models install minifasnet"
)


def second_opinion(session: Session) -> SecondOpinionState:
    """How it stands in this installation; the files are not read.

    Raises: VisionError: the card of the detector in use cannot be read.
    """
    return session.container.second_opinion


def pad_card_in_use(session: Session) -> Path:
    """Where the card of the passive detector lies."""
    return session.container.pad_in_service.card
