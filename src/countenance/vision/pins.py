"""What comes with the product against the digests that stand in its code.

Whoever can write the package can write the code as well; the pins find a damaged or half-updated
installation, and a file that somebody put beside the shipped ones.
"""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from typing import Final

from countenance.vision.errors import ModelAlteredError
from countenance.vision.shipped_pins import PINS

SHIPPED: Final = Path(__file__).parent / "weights"
"""Folder of the cards, weights and measurements that come with the product."""


def check_pin(path: Path, content: bytes) -> None:
    """Make sure that a shipped file is as it was shipped; others may be as they are.

    Raises: ModelAlteredError: it is another, or nothing of that name is shipped.
    """
    if not path.is_relative_to(SHIPPED):
        return
    pin = PINS.get(path.relative_to(SHIPPED).as_posix(), "")
    if not hmac.compare_digest(hashlib.sha256(content).hexdigest(), pin):
        raise ModelAlteredError(
            f"The file {path} is not the one that comes with this version of Countenance.",
            remedy="Install the package again.",
        )
