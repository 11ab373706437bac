"""Requests in a window of time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from countenance.web.api import limits
from countenance.web.api.limits import WINDOW_S, Windows


def test_what_is_over_the_limit_waits_for_the_end_of_the_window() -> None:
    windows = Windows()
    assert [windows.take("a", limit=3, now_s=t) for t in (100.0, 101.0, 102.0)] == [0, 0, 0]
    assert windows.take("a", limit=3, now_s=110.5) == 50
    assert windows.take("a", limit=3, now_s=159.9) == 1
    assert windows.take("a", limit=3, now_s=160.0) == 0, "a new window"


def test_looking_counts_nothing_and_keys_are_apart() -> None:
    windows = Windows()
    assert windows.look("a", limit=1, now_s=0.0) == 0
    assert windows.take("a", limit=1, now_s=0.0) == 0
    assert windows.look("a", limit=1, now_s=1.0) == 59
    assert windows.take("b", limit=1, now_s=1.0) == 0


@given(
    times=st.lists(st.floats(0, 600, allow_nan=False), min_size=1, max_size=80),
    limit=st.integers(1, 5),
)
def test_no_window_lets_more_than_its_limit_pass_and_none_keeps_all_out(
    times: list[float], limit: int
) -> None:
    windows, began_s, passed = Windows(), float("-inf"), 0
    for now_s in sorted(times):
        if now_s - began_s >= WINDOW_S:
            began_s, passed = now_s, 0
        wait_s = windows.take("a", limit=limit, now_s=now_s)
        if passed < limit:
            assert wait_s == 0
            passed += 1
        else:
            assert 0 < wait_s <= WINDOW_S
            assert now_s + wait_s >= began_s + WINDOW_S


def test_strangers_do_not_fill_the_memory() -> None:
    windows = Windows()
    most = limits.MAX_KEYS
    for number in range(most + 500):
        windows.take(f"stranger {number}", limit=5, now_s=0.0)
    assert len(windows._began) == most
    windows.take("later", limit=5, now_s=WINDOW_S)
    assert len(windows._began) == 1, "windows that ended are dropped first"
