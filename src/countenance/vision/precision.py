"""How precisely the networks of a login frame compute, and what this processor is fast at."""

from __future__ import annotations

import platform
from enum import StrEnum
from pathlib import Path
from typing import Final

from countenance.errors import ConfigurationError

_CPU_INFO: Final = Path("/proc/cpuinfo")
_DOT_PRODUCT_FLAGS: Final = frozenset({"avx512_vnni", "avx_vnni", "asimddp"})
"""Names that Linux gives to instructions which multiply and sum eight-bit numbers."""


class Precision(StrEnum):
    """Arithmetic of the embedder and the passive detector while a camera is watched."""

    AUTO = "auto"
    """`INT8` where the processor has instructions for it, else `FLOAT32`."""
    FLOAT32 = "float32"
    INT8 = "int8"

    def resolved(self) -> Precision:
        """`FLOAT32` or `INT8`, as this processor has it."""
        if self is not Precision.AUTO:
            return self
        return Precision.INT8 if has_dot_product() else Precision.FLOAT32


def has_dot_product(cpu_info: Path = _CPU_INFO) -> bool:
    """Whether the processor multiplies eight-bit numbers faster than float32 ones.

    Args:
        cpu_info: Linux's description of the processor; where there is none, Apple's processors
            are known to have the instructions and others are taken not to.
    """
    try:
        words = cpu_info.read_text(encoding="utf-8", errors="replace").split()
    except OSError:
        return platform.machine() == "arm64"
    return not _DOT_PRODUCT_FLAGS.isdisjoint(words)


def precision_named(name: str) -> Precision:
    """The precision that a setting asks for.

    Raises: ConfigurationError: there is none of that name.
    """
    try:
        return Precision(name)
    except ValueError:
        raise ConfigurationError(
            f"COUNTENANCE_ENGINE_PRECISION is {name!r}.",
            remedy=f"Use one of {', '.join(Precision)}.",
        ) from None
