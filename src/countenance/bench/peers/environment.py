"""A Python environment for each peer, made once from hash-checked wheels."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import shutil
import subprocess  # nosec B404 # only commands of our own are started
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from countenance.bench.errors import PeerUnavailableError

READY: Final = "countenance-ready"
"""File that is written last; an environment without it is made again."""
TIME_LIMIT_S: Final = 900.0


def environment_python(
    lock: Path,
    *,
    folder: Path,
    tell: Callable[[str], None],
    pip_options: tuple[str, ...] = (),
) -> Path:
    """The interpreter of the environment that a lock describes; made when it is not there.

    Args:
        lock: requirements with the digest of every wheel; installed without dependencies.
        folder: where environments live.
        tell: takes progress, one sentence at a time.
        pip_options: further words for pip, such as where to look for wheels.

    Returns: path of its Python.
    Raises: PeerUnavailableError: no network, no wheel for this machine, no space.
    """
    place = folder / f"{lock.stem}-{_key(lock)}"
    python = place / "bin" / "python"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(folder / ".lock"):
            if not (place / READY).is_file():
                tell(f"Making an environment for {lock.stem} in {place}, once; a minute or more.")
                _make(place, lock, pip_options)
    except OSError as error:
        raise PeerUnavailableError(
            f"The environment {place} cannot be made: {error.strerror or error}.",
            remedy="Free space, change its permissions, or set COUNTENANCE_HOME to another place.",
        ) from error
    return python


def _key(lock: Path) -> str:
    """Names the lock's content and the Python: another of either is another environment."""
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    return f"{digest}-py{sys.version_info.major}{sys.version_info.minor}"


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Wait until no other process makes environments here."""
    with path.open("w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(place: Path, lock: Path, pip_options: tuple[str, ...]) -> None:
    if importlib.util.find_spec("pip") is None:
        raise PeerUnavailableError(
            f"The environment {place} cannot be made: this Python has no pip.",
            remedy=f"Run: {sys.executable} -m ensurepip",
        )
    shutil.rmtree(place, ignore_errors=True)
    try:
        # Our own pip installs into the environment, which needs none of its own then.
        _run([sys.executable, "-m", "venv", "--without-pip", str(place)], lock.stem)
        pip = [sys.executable, "-m", "pip", "--python", str(place / "bin" / "python"), "install"]
        checked = ["--quiet", "--no-input", "--no-deps", "--require-hashes", "--only-binary=:all:"]
        _run([*pip, *checked, *pip_options, "-r", str(lock)], lock.stem)
        (place / READY).touch()
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)  # half an environment is of no use
        raise


def _run(command: list[str], name: str) -> None:
    try:
        # Our own interpreter and our own words; nothing passes through a shell.
        done = subprocess.run(  # noqa: S603 # nosec B603 # our own interpreter and our own words
            command, capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise _unavailable(name, f"not finished after {TIME_LIMIT_S:.0f} s") from None
    if done.returncode:
        raise _unavailable(name, _reason(done.stderr + done.stdout))


def _reason(output: str) -> str:
    """The line of pip's complaint that says most."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return (errors or lines or ["it said nothing"])[-1]


def _unavailable(name: str, why: str) -> PeerUnavailableError:
    return PeerUnavailableError(
        f"The packages of the environment {name} cannot be installed: {why}",
        remedy="Connect to a package index, or leave the peer out with --peers.",
    )
