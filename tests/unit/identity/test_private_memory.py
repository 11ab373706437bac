"""Decrypted rows: in a mapping of their own that no core dump takes along."""

from __future__ import annotations

import mmap
import sys
from pathlib import Path

import numpy as np
import pytest

from countenance.identity.private_memory import private_rows


def test_there_is_room_for_every_row() -> None:
    rows = private_rows(3, 128)
    assert (rows.shape, rows.dtype, rows.any()) == ((3, 128), np.dtype(np.float32), False)
    rows[2] = 1
    assert rows.sum() == 128
    assert private_rows(0, 128).shape == (0, 128)


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc/self/smaps")
def test_the_mapping_is_left_out_of_core_dumps_and_ends_with_its_rows() -> None:
    rows = private_rows(4096, 128)
    rows[:] = 1
    address = rows.ctypes.data
    assert address % mmap.PAGESIZE == 0
    assert "dd" in flags_at(address)
    del rows
    assert flags_at(address) == set()


def flags_at(address: int) -> set[str]:
    """`VmFlags` of the mapping that holds an address; empty when nothing is mapped there."""
    inside = False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        words = line.split()
        if "-" in words[0] and not words[0].endswith(":"):
            low, high = (int(part, 16) for part in words[0].split("-"))
            inside = low <= address < high
        elif inside and words[0] == "VmFlags:":
            return set(words[1:])
    return set()
