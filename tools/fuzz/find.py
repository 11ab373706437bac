"""A target by its name, or by `module:NAME` for one that is kept elsewhere."""

from __future__ import annotations

import importlib

from tools.fuzz.target import Target
from tools.fuzz.targets import TARGETS


def find_target(name: str) -> Target:
    """Raises: KeyError: there is none."""
    module, _, attribute = name.partition(":")
    if attribute:
        found = getattr(importlib.import_module(module), attribute)
        if not isinstance(found, Target):
            raise KeyError(f"{name} is no target")
        return found
    if name not in TARGETS:
        raise KeyError(f"no target {name!r}; there are {', '.join(TARGETS)}")
    return TARGETS[name]
