"""Kernel times out of the runtime's own profile."""

import json
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from countenance.vision.backends.onnx.profiling import covered_ns, current_profile, profiling
from countenance.vision.backends.onnx.session import open_session


@pytest.mark.parametrize(
    ("intervals", "expected"),
    [
        ([], 0),
        ([(10, 20), (30, 40)], 20),
        ([(10, 20), (15, 40)], 30),  # two at once count once
        ([(10, 40), (15, 20)], 30),  # one inside another
        ([(0, 12), (95, 200)], 7),  # only what lies inside the span
        ([(0, 5), (100, 110)], 0),
    ],
)
def test_overlapping_kernels_count_once(intervals: list[tuple[int, int]], expected: int) -> None:
    assert covered_ns(intervals, within=(10, 100)) == expected


def graph() -> bytes:
    """One matrix product."""
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [200, 200])
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, [200, 200])
    node = helper.make_node("MatMul", ["x", "x"], ["y"], name="product")
    made = helper.make_model(
        helper.make_graph([node], "g", [value], [result]),
        opset_imports=[helper.make_opsetid("", 17)],
    )
    made.ir_version = 8
    onnx.checker.check_model(made)
    return made.SerializeToString()


def test_a_profile_tells_when_kernels_ran(tmp_path: Path) -> None:
    feed = {"x": np.ones((200, 200), np.float32)}
    with profiling(tmp_path) as profile:
        first, second = open_session(graph()), open_session(graph())
    assert current_profile() is None
    unwatched = open_session(graph())
    first.run(feed)
    began = profile.now_ns()
    for session in (first, second, unwatched):
        session.run(feed)
    ended = profile.now_ns()
    time.sleep(0.01)
    first.run(feed)
    intervals = profile.kernel_intervals()
    assert len(intervals) == 4, "two before and after, two inside; the unwatched session not"
    assert intervals == sorted(intervals)
    inside = [span for span in intervals if began - 1000 <= span[0] and span[1] <= ended + 1000]
    assert len(inside) == 2
    assert 0 < covered_ns(intervals, within=(began, ended)) < ended - began


def test_sessions_write_into_the_folder_under_their_own_names(tmp_path: Path) -> None:
    with profiling(tmp_path) as profile:
        sessions = [open_session(graph()) for _ in range(2)]
    for session in sessions:
        session.run({"x": np.ones((200, 200), np.float32)})
    profile.kernel_intervals()
    files = list(tmp_path.glob("*.json"))
    assert len(files) == 2
    assert all(json.loads(file.read_text()) for file in files)
