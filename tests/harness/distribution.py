"""How a whole run is laid out over processes: browsers in one, everything else beside them."""

from __future__ import annotations

from typing import Final

import pytest
from xdist.scheduler import LoadFileScheduling

BROWSERS: Final = "tests/e2e"
_ORDER: Final = (BROWSERS, "tests/contract", "tests/integration", "tests/attacks")
"""What takes longest comes first, so that the short files at the end fill up both processes; and
beside browsers, whose pages have to keep time, what keeps one core busy and not several."""


class BrowsersInOneProcess(LoadFileScheduling):
    """A file at a time to each process, for files share what they set up; browsers never meet."""

    def _split_scope(self, nodeid: str) -> str:
        return BROWSERS if nodeid.startswith(f"{BROWSERS}/") else super()._split_scope(nodeid)


def rank(item: pytest.Item) -> int:
    """Where a test's folder stands in the order of a run; lower is earlier."""
    for place, folder in enumerate(_ORDER):
        if item.nodeid.startswith(f"{folder}/"):
            return place
    return len(_ORDER)
