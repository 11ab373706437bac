"""Turns at the engine: so many at a time, first come first served, and the clock that waits."""

from __future__ import annotations

import threading
import time

import pytest

from countenance.clock import ManualClock
from countenance.web.capture.turns import MAX_STANDSTILL_S, CaptureClock, Turns, places_for


def test_never_more_than_the_places_are_inside_and_all_get_in() -> None:
    turns, lock = Turns(places=2), threading.Lock()
    inside, most, done = 0, 0, 0

    def capture() -> None:
        nonlocal inside, most, done
        for _ in range(20):
            with turns.turn():
                with lock:
                    inside += 1
                    most = max(most, inside)
                time.sleep(0)
                with lock:
                    inside -= 1
                    done += 1

    threads = [threading.Thread(target=capture) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert (most, done, inside) == (2, 160, 0)


def test_who_asks_first_is_served_first() -> None:
    turns, served = Turns(places=1), list[int]()
    threads = []
    with turns.turn():
        for number in range(6):
            threads.append(threading.Thread(target=_take, args=(turns, served, number)))
            threads[-1].start()
            while len(turns._waiting) <= number:  # until it stands in the queue
                time.sleep(0.001)
    for thread in threads:
        thread.join(timeout=20)
    assert served == [0, 1, 2, 3, 4, 5]


def _take(turns: Turns, served: list[int], number: int) -> None:
    with turns.turn():
        served.append(number)


def test_it_is_crowded_while_the_queue_alone_keeps_the_engine_busy() -> None:
    turns, served = Turns(places=1), list[int]()
    with turns.turn():
        assert not turns.is_crowded
        thread = threading.Thread(target=_take, args=(turns, served, 1))
        thread.start()
        while not turns._waiting:
            time.sleep(0.001)
        assert turns.is_crowded
    thread.join(timeout=20)
    assert not turns.is_crowded


def test_an_engine_that_breaks_gives_its_place_back() -> None:
    turns = Turns(places=1)
    for _ in range(3):
        with pytest.raises(RuntimeError, match="broke"), turns.turn():
            raise RuntimeError("it broke")
    with turns.turn():
        pass


def test_each_core_gets_a_place_and_wide_inferences_fewer() -> None:
    assert places_for(1) >= 1
    assert places_for(2) <= max(1, places_for(1) // 2)
    assert places_for(0) == 1
    assert places_for(10_000) == 1


def test_the_time_of_a_wait_does_not_count_and_that_of_the_engine_does() -> None:
    clock, turns = ManualClock(), Turns(places=1)
    mine = CaptureClock(clock)
    began_s = mine.now_s()

    def wait_for_turn() -> None:
        with mine.standing_still(turns):
            clock.advance(3)

    with turns.turn():
        waiting = threading.Thread(target=wait_for_turn)
        waiting.start()
        while not turns._waiting:
            time.sleep(0.001)
        clock.advance(7)
    waiting.join(timeout=20)
    assert mine.now_s() - began_s == pytest.approx(3)


def test_waiting_stretches_a_capture_by_so_much_and_no_more() -> None:
    clock = ManualClock()
    mine = CaptureClock(clock)
    began_s, before_s = mine.now_s(), mine.now_s()
    for _ in range(10):
        with mine.standing_still(_Slow(clock, seconds=7)):
            assert mine.now_s() >= before_s
            before_s = mine.now_s()
    assert mine.now_s() - began_s == pytest.approx(70 - MAX_STANDSTILL_S)


class _Slow(Turns):
    """A queue in which time passes."""

    def __init__(self, clock: ManualClock, *, seconds: float) -> None:
        super().__init__(places=1)
        self._clock, self._seconds = clock, seconds

    def _enter(self) -> None:
        self._clock.advance(self._seconds)
        super()._enter()
