"""Identification (1:N): which enrolled people a probe may be, by exact search."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

import numpy as np

from countenance.biometrics.comparison import PackMismatchError
from countenance.biometrics.embeddings import Embedding
from countenance.biometrics.nearest import Rows, nearest
from countenance.biometrics.templates import Template

BLOCK_ROWS: Final = 8192
"""Rows of a block: a change rewrites one (4 MB of 128 numbers), its scores stay in the cache."""
Allocate = Callable[[int, int], Rows]
"""Makes room for (rows, dimension); where that lies is the caller's choice."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody the probe may be."""

    key: str
    """Under which the template was put into the gallery."""
    similarity: float
    """-1..1; never shown outside this machine."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Some rows of a gallery; written once, then only read."""

    keys: tuple[str, ...]
    rows: Rows
    """(n, d) float32, `Template.reference` of each, in the order of the keys."""
    places: Mapping[str, int] = field(init=False, repr=False)
    """Key to row."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "places", {key: row for row, key in enumerate(self.keys)})
        if self.rows.shape[:1] != (len(self.places),) or self.rows.dtype != np.float32:
            raise ValueError("a block holds one float32 row for each key, and each key once")

    def __repr__(self) -> str:
        return f"Block(n={len(self.keys)})"


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """Templates of one pack, searched exactly.

    A value: a change gives another gallery that shares the blocks it did not touch. Whoever
    searches one while another thread makes the next sees all of the old or all of the new.
    """

    pack: str
    blocks: tuple[Block, ...] = ()
    allocate: Allocate = field(default=lambda rows, d: np.empty((rows, d), np.float32), repr=False)
    block_rows: int = BLOCK_ROWS

    @classmethod
    def of(cls, templates: Iterable[tuple[str, Template]], *, pack: str) -> Gallery:
        """A gallery of these templates, in this order; of two with one key the later.

        Raises: PackMismatchError: one is of another pack.
        """
        return cls(pack).changed(templates)

    def __len__(self) -> int:
        return sum(len(block.keys) for block in self.blocks)

    def __contains__(self, key: str) -> bool:
        return any(key in block.places for block in self.blocks)

    def keys(self) -> list[str]:
        """The keys of all templates, in the order they were put in."""
        return [key for block in self.blocks for key in block.keys]

    def changed(
        self, put: Iterable[tuple[str, Template]] = (), *, removed: Collection[str] = ()
    ) -> Gallery:
        """The gallery after a change; a template takes the place of an earlier one of its key.

        Args:
            put: key and template; a key may be new. Read only as far as a block at a time.
            removed: keys to leave out; unknown ones are none.

        Raises: PackMismatchError: a template is of another pack.
        """
        blocks, rest = self._without(frozenset(removed)), iter(put)
        while part := dict(islice(rest, self.block_rows)):
            rows = {key: self._row(template) for key, template in part.items()}
            blocks = self._with(blocks, rows)
        return Gallery(self.pack, tuple(blocks), self.allocate, self.block_rows)

    def _row(self, template: Template) -> Rows:
        check_pack(template.pack, self.pack)
        return template.reference()

    def _without(self, removed: frozenset[str]) -> list[Block]:
        kept: list[Block] = []
        for block in self.blocks:
            if removed.isdisjoint(block.places):
                kept.append(block)
            elif left := [place for key, place in block.places.items() if key not in removed]:
                keys = tuple(block.keys[place] for place in left)
                kept.append(self._block(keys, (block.rows[place] for place in left)))
        return kept

    def _with(self, present: list[Block], rows: dict[str, Rows]) -> list[Block]:
        blocks, fresh = [], dict(rows)
        for block in present:
            replaced = {key: fresh.pop(key) for key in block.places.keys() & rows.keys()}
            blocks.append(self._replaced(block, replaced) if replaced else block)
        if fresh and blocks and len(blocks[-1].keys) < self.block_rows:
            last = blocks.pop()
            fresh = dict(zip(last.keys, last.rows, strict=True)) | fresh
        parts = _parts(list(fresh), self.block_rows)
        return blocks + [self._block(part, (fresh[key] for key in part)) for part in parts]

    def _replaced(self, block: Block, replaced: Mapping[str, Rows]) -> Block:
        rows = (replaced.get(key, row) for key, row in zip(block.keys, block.rows, strict=True))
        return self._block(block.keys, rows)

    def _block(self, keys: tuple[str, ...], rows: Iterable[Rows]) -> Block:
        source = iter(rows)
        first = next(source)
        room = self.allocate(len(keys), first.size)
        room[0] = first
        for place, row in enumerate(source, 1):
            room[place] = row
        room.flags.writeable = False
        return Block(keys, room)

    def candidates(
        self,
        probe: Embedding,
        *,
        threshold: float,
        limit: int,
    ) -> list[Candidate]:
        """Who the probe may be, best first; of equally similar ones who was put in earlier.

        Args:
            probe: of the gallery's pack.
            threshold: similarity that a candidate reaches at least.
            limit: most candidates that are returned, 1 or more.

        Returns: empty when nobody reaches the threshold.
        Raises: PackMismatchError: the probe is of another pack.
        """
        return self.candidates_of_each([probe], threshold=threshold, limit=limit)[0]

    def look_alikes(self, template: Template, *, threshold: float, limit: int) -> list[Candidate]:
        """`candidates` for a whole enrolment, as `similarity_of_templates` compares it.

        Raises: PackMismatchError: it is of another pack.
        """
        probe = self._row(template)[np.newaxis]
        return self._found(probe, threshold=threshold, limit=limit)[0]

    def candidates_of_each(
        self,
        probes: Sequence[Embedding],
        *,
        threshold: float,
        limit: int,
        workers: Executor | None = None,
        shares: int = 1,
    ) -> list[list[Candidate]]:
        """`candidates` of several probes; the gallery is read once for all of them.

        Args:
            probes: of the gallery's pack.
            threshold: as in `candidates`.
            limit: as in `candidates`.
            workers: threads that share the work; None searches in the caller's.
            shares: into how many parts it is split for them.

        Raises: PackMismatchError: a probe is of another pack.
        """
        for probe in probes:
            check_pack(probe.pack, self.pack)
        if not probes:
            return []
        values = np.stack([probe.values for probe in probes])
        return self._found(values, threshold=threshold, limit=limit, workers=workers, shares=shares)

    def _found(
        self,
        probes: Rows,
        *,
        threshold: float,
        limit: int,
        workers: Executor | None = None,
        shares: int = 1,
    ) -> list[list[Candidate]]:
        rows = [block.rows for block in self.blocks]
        found = nearest(rows, probes, floor=threshold, limit=limit, workers=workers, shares=shares)
        keys = _Keys(self.blocks)
        return [[Candidate(keys[m.position], m.similarity) for m in matches] for matches in found]


class _Keys:
    """Positions through all blocks to keys, without a list of them all."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self._blocks = blocks
        self._starts = np.cumsum([0, *(len(block.keys) for block in blocks)])

    def __getitem__(self, position: int) -> str:
        number = int(np.searchsorted(self._starts, position, side="right")) - 1
        return self._blocks[number].keys[position - int(self._starts[number])]


def _parts(keys: list[str], size: int) -> Iterator[tuple[str, ...]]:
    for at in range(0, len(keys), size):
        yield tuple(keys[at : at + size])


def check_pack(pack: str, expected: str) -> None:
    """Raises: PackMismatchError: the two differ."""
    if pack != expected:
        raise PackMismatchError(f"{pack} does not compare with {expected}")
