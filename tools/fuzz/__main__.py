"""Fuzz the readers of what strangers send.

    python -m tools.fuzz                                 every target, a minute each
    python -m tools.fuzz --target header --seconds 600 --corpus var/fuzz

atheris guides the search by coverage where it is installed, hypothesis searches elsewhere;
`--engine` chooses. The corpus is kept, so that the next run goes on from there. What is found is
written into its folder `crashes`: copy it to tests/fuzz/regressions/TARGET, where the tests replay
it, and mend what it broke. Exit status: 0 nothing found, 1 found, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
from pathlib import Path

from tools.fuzz import with_atheris, with_hypothesis
from tools.fuzz.find import find_target
from tools.fuzz.target import Target
from tools.fuzz.targets import TARGETS

ENGINES = ("atheris", "hypothesis")


def fuzz(
    name: str, *, seconds: int, corpus: Path, engine: str | None = None, seed: int = 1
) -> list[Path]:
    """Search one target.

    Returns: files with inputs that broke something; what they broke is printed.
    Raises: RuntimeError: the search itself failed.
    """
    target = find_target(name)
    kept, crashes = corpus / target.name, corpus / "crashes" / target.name
    for folder in (kept, crashes):
        folder.mkdir(parents=True, exist_ok=True)
    seeds = list(target.seeds())
    for content in seeds:
        _keep(kept, content)
    chosen = engine or ("atheris" if with_atheris.is_here() else "hypothesis")
    before = set(crashes.iterdir())
    if chosen == "hypothesis":
        _with_hypothesis(target, seconds, corpus=kept, crashes=crashes, seeds=seeds, seed=seed)
    else:
        _with_atheris(name, seconds, corpus=kept, crashes=crashes, seed=seed)
    return sorted(set(crashes.iterdir()) - before)


def _with_atheris(name: str, seconds: int, *, corpus: Path, crashes: Path, seed: int) -> None:
    before = set(crashes.iterdir())
    status, said = with_atheris.search(
        name, seconds=seconds, corpus=corpus, crashes=crashes, seed=seed
    )
    found = set(crashes.iterdir()) - before
    if status == 0 and not found:
        return
    print(said[-4000:])
    if not found:
        raise RuntimeError(f"the search of {name} ended with {status} and kept no input")


def _with_hypothesis(
    target: Target, seconds: int, *, corpus: Path, crashes: Path, seeds: list[bytes], seed: int
) -> None:
    found = with_hypothesis.search(
        target, seconds=seconds, corpus=corpus, seeds=seeds, first_seed=seed
    )
    if found is not None:
        content, error = found
        print(f"{type(error).__name__}: {error}")
        _keep(crashes, content)


def _keep(folder: Path, content: bytes) -> None:
    (folder / hashlib.sha256(content).hexdigest()[:40]).write_bytes(content)


def main(words: list[str]) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--target", action="append", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=int, default=60, help="of each target")
    parser.add_argument("--corpus", type=Path, help="kept for the next run")
    parser.add_argument("--engine", choices=ENGINES)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(words)
    status = 0
    with tempfile.TemporaryDirectory() as passing:
        for name in chosen.target or TARGETS:
            corpus = chosen.corpus or Path(passing)
            try:
                found = fuzz(
                    name,
                    seconds=chosen.seconds,
                    corpus=corpus,
                    engine=chosen.engine,
                    seed=chosen.seed,
                )
            except KeyError as error:
                parser.error(str(error.args[0]))
            print(f"{name}: {len(found)} inputs that break something")
            for path in found:
                print(f"  {path}  {path.read_bytes()[:60]!r}")
            status |= bool(found)
            if found and chosen.corpus is None:
                print("  Give --corpus to keep them.")
    return int(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
