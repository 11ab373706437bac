"""Names of data sets, subjects and sources: plain, because they become folders."""

from __future__ import annotations

import re
from typing import Final

NAME_RULE: Final = "use up to 64 letters, digits, '.', '_' and '-', a letter or digit first"
_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def is_plain_name(text: str) -> bool:
    """Whether a name can be a folder on any system and stand in a manifest as it is.

    >>> [is_plain_name(text) for text in ("hall-laptop", "../x", ".git", "", "a/b")]
    [True, False, False, False, False]
    """
    return _PLAIN.fullmatch(text) is not None
