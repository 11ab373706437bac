"""Holding a measurement to some cores, and telling what machine it ran on."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

PACKAGES: Final = ("countenance", "onnxruntime", "opencv-python-headless", "numpy")


@contextmanager
def held_to(cores: int) -> Iterator[bool]:
    """Let this process, and those it starts, run on so many cores only.

    Threads that somebody starts in spite of the agreed number then share these cores. Gives
    whether the system could do it; macOS cannot.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield False
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[-cores:])
    try:
        yield True
    finally:
        os.sched_setaffinity(0, before)


@dataclass(frozen=True, slots=True)
class Machine:
    """What a measurement ran on."""

    cpu: str
    cores: int
    system: str
    python: str
    packages: dict[str, str]

    def as_json(self) -> dict[str, object]:
        """Keys `cpu cores system python packages`."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.cpu}, {self.cores} cores, {self.system}, Python {self.python}"


def this_machine() -> Machine:
    """Describe the machine without naming it."""
    return Machine(
        cpu=_cpu(),
        cores=os.cpu_count() or 1,
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        packages={name: found for name in PACKAGES if (found := _version(name))},
    )


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
