"""The floor where no coverage can be had: valid inputs, altered in ways that parsers mind."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.database import DirectoryBasedExampleDatabase

from tools.fuzz.json_mutations import mutated
from tools.fuzz.target import Target, watched

BATCH = 500


def inputs(
    seeds: Sequence[bytes], *, max_bytes: int, is_json: bool = False
) -> st.SearchStrategy[bytes]:
    """Bytes, and seeds with pieces cut, repeated, overwritten and put between."""
    edge = st.sampled_from(
        [b"", b"\x00", b"\xff", b"\xff\xff", b"\x00\x00", b"\x7f\xff", b"[" * 64]
    )
    edit = st.tuples(
        st.integers(0, max_bytes), st.integers(0, 8), st.one_of(edge, st.binary(max_size=8))
    )

    def apply(given: tuple[bytes, list[tuple[int, int, bytes]], int]) -> bytes:
        data, edits, end = given
        for at, cut, piece in edits:
            place = at % (len(data) + 1)
            data = data[:place] + piece + data[place + cut :]
        return data[: min(end, max_bytes)]

    altered = st.tuples(
        st.sampled_from(list(seeds)),
        st.lists(edit, max_size=4),
        st.one_of(st.just(max_bytes), st.integers(0, max_bytes)),
    ).map(apply)
    plain = st.binary(max_size=min(max_bytes, 200))
    if not is_json:
        return st.one_of(altered, altered, altered, plain)
    whole = st.tuples(st.sampled_from(list(seeds)), st.lists(st.integers(0, 1 << 32), max_size=4))
    return st.one_of(whole.map(_mutated), altered, plain)


def _mutated(given: tuple[bytes, list[int]]) -> bytes:
    data, numbers = given
    for number in numbers:
        data = mutated(data, seed=number, otherwise=lambda plain: plain)
    return data


def search(
    target: Target, *, seconds: float, corpus: Path, seeds: Sequence[bytes], first_seed: int
) -> tuple[bytes, BaseException] | None:
    """Search for about so long; the smallest input that was found and what it raised, or None."""
    probe, until_s = watched(target, target.load()), time.monotonic() + seconds
    last: list[bytes] = []

    def once(data: bytes) -> None:
        last[:] = [data]
        probe(data)

    number = first_seed
    while time.monotonic() < until_s:
        batch = settings(
            max_examples=BATCH,
            deadline=None,
            database=DirectoryBasedExampleDatabase(corpus / "hypothesis"),
            phases=(Phase.reuse, Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        )(given(inputs(seeds, max_bytes=target.max_bytes, is_json=target.is_json))(once))
        try:
            seed(number)(batch)()
        except Exception as error:  # noqa: BLE001 - whatever is raised is what was looked for
            return last[0], error  # the last one run is the smallest
        number += 1
    return None
