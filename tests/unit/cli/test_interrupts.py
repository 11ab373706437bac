"""Ctrl-C waits for the end of a step, and a second one does not."""

from __future__ import annotations

import signal
import threading

import pytest

from countenance.cli.interrupts import interrupts_held


def test_the_first_waits_until_it_is_asked_for() -> None:
    before = signal.getsignal(signal.SIGINT)
    steps = []
    with pytest.raises(KeyboardInterrupt), interrupts_held() as check:
        for step in range(3):
            if step == 1:
                signal.raise_signal(signal.SIGINT)
            steps.append(step)
            check()
    assert steps == [0, 1]
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_one_comes_at_once() -> None:
    steps = []
    with pytest.raises(KeyboardInterrupt), interrupts_held():
        for step in range(3):
            steps.append(step)
            signal.raise_signal(signal.SIGINT)
    assert steps == [0, 1]


def test_one_that_nobody_asked_for_comes_at_the_end() -> None:
    with pytest.raises(KeyboardInterrupt), interrupts_held():
        signal.raise_signal(signal.SIGINT)


def test_in_another_thread_nothing_is_held() -> None:
    done = []

    def work() -> None:
        with interrupts_held() as check:
            check()
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]
