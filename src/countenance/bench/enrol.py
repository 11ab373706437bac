"""`bench enrol`: photographs to embeddings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from countenance.bench.cores import held_to
from countenance.bench.errors import BenchError
from countenance.bench.lanes import ROUND_FRAMES, Lane, race
from countenance.bench.peers.catalogue import PeerName
from countenance.bench.peers.process import PeerProcess
from countenance.bench.peers.start import Peers, PeerSetup, start_peers
from countenance.bench.side_by_side import SideBySide
from countenance.bench.timing import Timing, timed
from countenance.biometrics.embeddings import Embedding
from countenance.images.codec import read_image
from countenance.images.errors import ImageError
from countenance.vision.engine import Engine

SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})
"""Photographs that everybody can read."""
ENROLLERS = (PeerName.SEEDS, PeerName.OPENCV)
"""Peers that take photographs."""


@dataclass(frozen=True, slots=True)
class EnrolReport:
    """One measurement."""

    times: SideBySide
    """Milliseconds of one photograph."""
    photographs: int
    embedded: dict[str, int]
    """Who to how many photographs gave an embedding."""
    peers: Peers


def photographs_in(folder: Path, *, limit: int) -> list[Path]:
    """The first photographs of a folder and the folders in it, by name.

    Raises: BenchError: fewer than a round takes.
    """
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)[:limit]
    if len(found) < ROUND_FRAMES:
        raise BenchError(
            f"{folder} holds {len(found)} JPEG or PNG photographs; {ROUND_FRAMES} are needed.",
            remedy="Name a folder with more of them.",
        )
    return found


def measure_enrol(
    *,
    photographs: Sequence[Path],
    peers: Sequence[PeerName],
    setup: PeerSetup,
    open_engine: Callable[[], Engine],
    finished: Callable[[], None],
) -> EnrolReport:
    """Read, decode, search and embed photographs, everybody in turn.

    Ours embeds every face and its mirror image, as an enrolment does; peers embed once.
    """
    asked = [name for name in peers if name in ENROLLERS]
    with ExitStack() as closing:
        closing.enter_context(held_to(setup.threads))
        engine = open_engine()
        running = start_peers(asked, setup=setup, closing=closing)
        lanes = [Lane("own", _own(engine, photographs))]
        lanes += [
            Lane(name.value, _theirs(process, photographs), name.value)
            for name, process in running.running.items()
        ]
        results = race(
            lanes,
            rounds=len(photographs) // ROUND_FRAMES,
            available=len(photographs),
            failed=running.drop_named,
            finished=finished,
        )
        others = {name: results.wall_ms(name.value) for name in running.running}
        embedded = {
            lane: sum(value is not None for value in results.values(lane)) for lane in results.turns
        }
        times = SideBySide("image_ms", results.wall_ms("own"), others, asked)
        counted = len(results.values("own"))
        return EnrolReport(times, counted, embedded, running)


def _own(engine: Engine, photographs: Sequence[Path]) -> Callable[[Sequence[int]], Timing]:
    def embedding(path: Path) -> Embedding | None:
        try:
            return engine.analyse_still(read_image(path)).embedding
        except ImageError:
            return None

    return lambda numbers: timed(embedding, [photographs[number] for number in numbers])


def _theirs(process: PeerProcess, photographs: Sequence[Path]) -> Callable[[Sequence[int]], Timing]:
    return lambda numbers: process.time(
        "enrol", [str(photographs[number].absolute()) for number in numbers]
    )
