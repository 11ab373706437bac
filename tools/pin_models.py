"""Write src/countenance/vision/shipped_pins.py: the SHA-256 of everything in `vision/weights`.

`python -m tools.pin_models` writes the module; with `--check` it exits 1 when the module is not
what it would write.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

VISION = Path(__file__).resolve().parents[1] / "src" / "countenance" / "vision"
MODULE = VISION / "shipped_pins.py"
HEAD = '''"""SHA-256 of what comes with the product; written by `python -m tools.pin_models`."""

from __future__ import annotations

from typing import Final

PINS: Final = {
'''


def module() -> str:
    """The content of the module."""
    weights = VISION / "weights"
    files = sorted(path for path in weights.rglob("*") if path.is_file())
    lines = [
        f'    "{path.relative_to(weights).as_posix()}": '
        f'"{hashlib.sha256(path.read_bytes()).hexdigest()}",\n'
        for path in files
    ]
    return f"{HEAD}{''.join(lines)}}}\n"


def main() -> int:
    """Write the module, or say whether it is up to date."""
    if "--check" in sys.argv[1:]:
        return int(MODULE.read_text("utf-8") != module())
    MODULE.write_text(module(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
