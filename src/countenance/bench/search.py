"""How long one probe takes among N templates, beside the time to read so many bytes at all."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from countenance.biometrics.embeddings import Embedding, normalised
from countenance.biometrics.identification import BLOCK_ROWS, Block, Candidate, Gallery
from countenance.biometrics.nearest import Rows
from countenance.identity.gallery_files import GalleryFolder
from countenance.identity.private_memory import private_rows

DIMENSION: Final = 128
PACK: Final = "bench/1"
BATCH: Final = 32
"""Probes that share one reading of the gallery in the batch measurement."""
BATCH_REPEATS: Final = 3
LIMIT: Final = 5
THRESHOLD: Final = 0.4
_NOISE: Final = 0.05
"""Per component, so that the probe reaches its own row with a similarity near 0.87."""
Words = NDArray[np.uint64]
Reader = Callable[[Words], object]
READERS: Final[dict[str, Reader]] = {
    "or": np.bitwise_or.reduce,
    "add": np.add.reduce,
    "max": np.max,
}
"""Ways of reading every byte once; the fastest of them is the bound."""


@dataclass(frozen=True, slots=True)
class SearchTimes:
    """One size of gallery."""

    rows: int
    probe_ms: float
    """Median over the repeats."""
    probe_quartiles_ms: tuple[float, float]
    batch_probe_ms: float
    """Median time of `BATCH` probes together, for each of them."""
    bound_ms: float
    """Median of the fastest reader, with as many threads as the search or with one."""
    bound_reader: str
    best_ratio: float
    """Of the shortest search to the shortest reading: what a busy machine takes away is out."""
    found: bool
    """Whether every probe found its own row first."""

    @property
    def ratio(self) -> float:
        """Of the search to the bound."""
        return self.probe_ms / self.bound_ms

    def as_json(self) -> dict[str, object]:
        """One entry of `sizes` in `bench search --json`."""
        size_bytes = 4 * DIMENSION * self.rows
        return {
            "rows": self.rows,
            "megabytes": size_bytes / 1e6,
            "probe_ms": self.probe_ms,
            "probe_quartiles_ms": list(self.probe_quartiles_ms),
            "ns_per_row": 1e6 * self.probe_ms / self.rows,
            "batch_probe_ms": self.batch_probe_ms,
            "bound_ms": self.bound_ms,
            "bound_reader": self.bound_reader,
            "bound_gb_per_s": size_bytes / self.bound_ms / 1e6,
            "ratio": self.ratio,
            "best_ratio": self.best_ratio,
            "found": self.found,
        }


@dataclass(frozen=True, slots=True)
class LinearFit:
    """probe_ms = fixed_ms + ns_per_row * rows / 1e6, fitted to relative errors."""

    fixed_ms: float
    ns_per_row: float
    worst_residual: float
    """Largest relative difference between a measured time and the line."""
    exponent: float
    """Slope of the logarithm of the time over that of the rows; 1 is linear."""

    def as_json(self) -> dict[str, float]:
        """`linear` in `bench search --json`."""
        return {
            "fixed_ms": self.fixed_ms,
            "ns_per_row": self.ns_per_row,
            "worst_residual": self.worst_residual,
            "exponent": self.exponent,
        }


def linear_fit(times: Sequence[SearchTimes]) -> LinearFit | None:
    """The line through the medians; None for fewer than three sizes."""
    if len(times) < 3:
        return None
    rows = np.array([entry.rows for entry in times], np.float64)
    taken = np.array([entry.probe_ms for entry in times])
    design = np.stack((np.ones_like(rows), rows), axis=1) / taken[:, None]
    (fixed, slope), *_ = np.linalg.lstsq(design, np.ones_like(rows), rcond=None)
    off = np.abs((fixed + slope * rows) / taken - 1)
    exponent = np.polyfit(np.log(rows), np.log(taken), 1)[0]
    return LinearFit(float(fixed), float(slope * 1e6), float(off.max()), float(exponent))


def measure_search(
    sizes: Sequence[int],
    *,
    repeats: int,
    threads: int = 1,
    is_mapped: bool = False,
    finished: Callable[[int], None] = lambda _: None,
) -> list[SearchTimes]:
    """Search galleries of random unit vectors.

    Args:
        sizes: rows of each gallery.
        repeats: probes for each size; search and readers take turns.
        threads: that share one search.
        is_mapped: search galleries that are memory-mapped from a temporary folder instead of
            the private memory that enrolled faces lie in.
        finished: told after each size.
    """
    times = []
    with ThreadPoolExecutor(threads) as workers:
        for rows in sizes:
            with _gallery(rows, is_mapped=is_mapped) as gallery:
                times.append(_measure(gallery, repeats, workers=workers, threads=threads))
            finished(rows)
    return times


@contextlib.contextmanager
def _gallery(rows: int, *, is_mapped: bool) -> Iterator[Gallery]:
    gallery = Gallery(PACK, tuple(_random_blocks(rows)))
    if not is_mapped:
        yield gallery
        return
    with tempfile.TemporaryDirectory(prefix="countenance-gallery-") as folder:
        GalleryFolder(Path(folder)).save(gallery)
        del gallery
        yield GalleryFolder(Path(folder)).open(pack=PACK)


def _random_blocks(rows: int) -> Iterator[Block]:
    rng = np.random.default_rng(0)
    for start in range(0, rows, BLOCK_ROWS):
        count = min(BLOCK_ROWS, rows - start)
        room = private_rows(count, DIMENSION)
        rng.standard_normal(out=room, dtype=np.float32)
        room /= np.linalg.norm(room, axis=1, keepdims=True)
        yield Block(tuple(f"{row:08d}" for row in range(start, start + count)), room)


def _measure(gallery: Gallery, repeats: int, *, workers: Executor, threads: int) -> SearchTimes:
    search = partial(
        gallery.candidates_of_each,
        threshold=THRESHOLD,
        limit=LIMIT,
        workers=workers if threads > 1 else None,
        shares=threads,
    )
    readers = _readers(gallery, workers=workers, threads=threads)
    probed: list[float] = []
    read: dict[str, list[float]] = {name: [] for name in readers}
    missed = 0
    for key, probe in _probes(gallery, repeats + 1):
        found: list[list[Candidate]] = []
        probed.append(_timed_ms(lambda: found.extend(search([probe]))))  # noqa: B023 - runs at once
        missed += [candidate.key for candidate in found[0][:1]] != [key]
        for name, run in readers.items():
            read[name].append(_timed_ms(run))
    together = [probe for _, probe in _probes(gallery, BATCH)]
    batch = [_timed_ms(lambda: search(together)) for _ in range(BATCH_REPEATS)]
    # The first turn only warms up.
    bounds = {name: float(np.median(values[1:])) for name, values in read.items()}
    fastest = min(bounds, key=lambda name: bounds[name])
    low, middle, high = np.percentile(probed[1:], (25, 50, 75)).tolist()
    return SearchTimes(
        rows=len(gallery),
        probe_ms=middle,
        probe_quartiles_ms=(low, high),
        batch_probe_ms=float(np.median(batch)) / BATCH,
        bound_ms=bounds[fastest],
        bound_reader=fastest,
        best_ratio=min(probed[1:]) / min(min(values[1:]) for values in read.values()),
        found=not missed,
    )


def _readers(
    gallery: Gallery, *, workers: Executor, threads: int
) -> dict[str, Callable[[], object]]:
    """Ways to read all rows, with one thread and with as many as the search has."""
    words = [block.rows.reshape(-1).view(np.uint64) for block in gallery.blocks]
    parts = [words[share::threads] for share in range(threads)]
    readers: dict[str, Callable[[], object]] = {}
    for name, read in READERS.items():
        readers[f"{name}, 1 thread"] = partial(_read_all, read, words)
        if threads > 1:
            readers[f"{name}, {threads} threads"] = partial(_share, workers, read, parts)
    return readers


def _read_all(read: Reader, words: list[Words]) -> None:
    for part in words:
        read(part)


def _share(workers: Executor, read: Reader, parts: list[list[Words]]) -> None:
    list(workers.map(partial(_read_all, read), parts))


def _timed_ms(run: Callable[[], object]) -> float:
    began = time.perf_counter_ns()
    run()
    return (time.perf_counter_ns() - began) / 1e6


def _probes(gallery: Gallery, count: int) -> list[tuple[str, Embedding]]:
    """Noisy copies of rows all over the gallery, with their keys."""
    rng = np.random.default_rng(1)
    probes = []
    for number in rng.integers(0, len(gallery), count):
        block = gallery.blocks[number // BLOCK_ROWS]
        row: Rows = block.rows[number % BLOCK_ROWS]
        noise = rng.normal(0, _NOISE, row.shape)
        probes.append((block.keys[number % BLOCK_ROWS], normalised(row + noise, pack=PACK)))
    return probes
