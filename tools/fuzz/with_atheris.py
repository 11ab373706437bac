"""One search guided by coverage, as a process of its own: `python -m tools.fuzz.with_atheris`.

libFuzzer ends its process itself, with 77 when it found something, after it wrote the input.
"""

from __future__ import annotations

import importlib
import importlib.util
import resource
import subprocess  # nosec B404 # our own command is started
import sys
from pathlib import Path

FOUND_STATUS = 77
MOST_BYTES = 2 << 30
"""That the process may ask for; past it an input ends in a MemoryError."""


def is_here() -> bool:
    """Whether atheris is installed; it has wheels for Linux on x86-64."""
    return importlib.util.find_spec("atheris") is not None


def search(target: str, *, seconds: int, corpus: Path, crashes: Path, seed: int) -> tuple[int, str]:
    """Let a process of its own search.

    Args:
        target: as `tools.fuzz.find_target` reads it.
        seconds: about how long.
        corpus: inputs that reach something new are kept here.
        crashes: what was found is written here.
        seed: of the mutations.

    Returns: exit status, and everything it said.
    """
    command = [sys.executable, "-m", "tools.fuzz.with_atheris", target, str(corpus)]
    command += [f"-max_total_time={seconds}", f"-artifact_prefix={crashes}/", f"-seed={seed}"]
    done = subprocess.run(  # noqa: S603 # nosec B603 # our own interpreter and our own words
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        timeout=seconds + 120,
    )
    return done.returncode, done.stdout


def main() -> None:
    """The process itself; never returns."""
    import atheris

    from tools.fuzz.find import find_target
    from tools.fuzz.json_mutations import mutated
    from tools.fuzz.target import watched

    target = find_target(sys.argv[1])
    with atheris.instrument_imports(include=list(target.modules)):
        for module in target.modules:
            importlib.import_module(module)
    probe = watched(target, target.load())

    def mutate(data: bytes, max_bytes: int, seed: int) -> bytes:
        otherwise: bytes = mutated(
            data, seed=seed, otherwise=lambda plain: bytes(atheris.Mutate(plain, max_bytes))
        )
        return otherwise[:max_bytes]

    # Its own limit of memory asks `getrusage`, which tells what a parent held: a long test run.
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_BYTES, resource.RLIM_INFINITY))
    # Of time: coarse, and ends the process; that of `watched` tells which input it was.
    limits = [f"-max_len={target.max_bytes}", "-len_control=0", "-timeout=20", "-rss_limit_mb=0"]
    words = [sys.argv[0], *sys.argv[2:], *limits]
    if target.is_json:
        atheris.Setup(words, probe, custom_mutator=mutate)
    else:
        atheris.Setup(words, probe)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
