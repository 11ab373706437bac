"""An act that a user has to confirm: what it is called, and with what it is done.

Pure. Two acts are the same when their names and all their parameters are.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

_NAME: Final = re.compile(r"[a-z][a-z0-9_.-]{1,63}")
MAX_BYTES: Final = 16_384
"""Of all parameters together; an act that needs more should name what it acts on."""


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that somebody is about to do."""

    name: str
    """Such as `people.remove` or `station.write`; lower case, digits, dots, dashes."""
    parameters: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """What it is done with; a value given as another text is another act."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is no name of an act")
        if len(self._canonical()) > MAX_BYTES:
            raise ValueError("the parameters of an act are too long")
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))

    @property
    def digest(self) -> str:
        """SHA-256 of name and parameters, in hex."""
        return hashlib.sha256(self._canonical()).hexdigest()

    def _canonical(self) -> bytes:
        """One text for one act: JSON with sorted keys, so that no part can run over into another.

        Escaped, since lone surrogates have no UTF-8.
        """
        return json.dumps([self.name, dict(self.parameters)], sort_keys=True).encode("ascii")
