"""`bench compare`: one embedding against another."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from countenance.bench.cores import held_to
from countenance.bench.lanes import Lane, race
from countenance.bench.peers.catalogue import PeerName
from countenance.bench.peers.process import PeerProcess
from countenance.bench.peers.start import Peers, PeerSetup, start_peers
from countenance.bench.side_by_side import SideBySide
from countenance.bench.timing import Timing, timed
from countenance.biometrics.comparison import similarity
from countenance.biometrics.embeddings import Embedding, normalised

PAIRS: Final = 60
DIMENSION: Final = 128
"""Of SFace's embeddings and of dlib's encodings alike."""
REPEATS: Final = 500
"""Comparisons that are timed together: one takes less than the clock can tell."""
COMPARERS: Final = (PeerName.SEEDS, PeerName.OPENCV)
"""Peers that compare; dlib's CNN path compares as the seeds do."""
_PRECISION: Final = {PeerName.SEEDS: np.float64, PeerName.OPENCV: np.float32}
"""What their own embeddings are made of."""


def measure_compare(
    *, peers: Sequence[PeerName], setup: PeerSetup, rounds: int, finished: Callable[[], None]
) -> tuple[SideBySide, Peers]:
    """Compare made-up embeddings, everybody in turn; their content costs nothing.

    Returns: microseconds of one comparison, and which peers took part.
    """
    asked = [name for name in peers if name in COMPARERS]
    pairs = _pairs()
    own = [(_embedding(first), _embedding(second)) for first, second in pairs]
    with ExitStack() as closing:
        closing.enter_context(held_to(setup.threads))
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="countenance-")))
        running = start_peers(asked, setup=setup, closing=closing)
        lanes = [Lane("own", _own(own))]
        for name, process in running.running.items():
            array = pairs.astype(_PRECISION[name])
            process.share("pairs", array, path=folder / f"{name}.raw")
            lanes.append(Lane(name.value, _theirs(process), name.value))
        results = race(
            lanes,
            rounds=rounds,
            available=PAIRS,
            failed=running.drop_named,
            finished=finished,
        )
        others = {name: _microseconds(results.wall_ms(name.value)) for name in running.running}
        report = SideBySide("comparison_us", _microseconds(results.wall_ms("own")), others, asked)
        return report, running


def _pairs() -> NDArray[np.float64]:
    """(n, 2, 128): rows of length 1."""
    rows = np.random.default_rng(0).normal(size=(PAIRS, 2, DIMENSION))
    return np.asarray(rows / np.linalg.norm(rows, axis=2, keepdims=True), np.float64)


def _embedding(values: NDArray[np.float64]) -> Embedding:
    return normalised(values.astype(np.float32), pack="bench/1")


def _own(pairs: Sequence[tuple[Embedding, Embedding]]) -> Callable[[Sequence[int]], Timing]:
    return lambda numbers: timed(
        lambda pair: similarity(*pair), [pairs[number] for number in numbers], repeats=REPEATS
    )


def _theirs(process: PeerProcess) -> Callable[[Sequence[int]], Timing]:
    return lambda numbers: process.time("compare", numbers, array="pairs", repeats=REPEATS)


def _microseconds(milliseconds: Sequence[float]) -> list[float]:
    return [1000 * value for value in milliseconds]
