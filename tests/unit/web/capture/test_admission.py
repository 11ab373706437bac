"""Places for captures."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from countenance.web.capture.admission import Admission


def test_no_more_captures_run_than_there_are_places() -> None:
    admission = Admission(limit=2)
    assert admission.enter("a")
    assert admission.enter("b")
    assert admission.is_full
    assert not admission.enter("c")
    admission.leave("a")
    assert admission.enter("c")


def test_one_login_takes_one_place() -> None:
    admission = Admission(limit=5)
    assert admission.enter("a")
    assert not admission.enter("a")
    admission.leave("a")
    admission.leave("a")
    assert admission.enter("a")


def test_a_rush_fills_exactly_the_places() -> None:
    admission = Admission(limit=7)
    with ThreadPoolExecutor(16) as pool:
        let_in = list(pool.map(admission.enter, map(str, range(200))))
    assert sum(let_in) == 7


def test_a_reloaded_page_waits_for_its_earlier_capture_to_end() -> None:
    admission = Admission(limit=1)
    assert admission.enter("a")
    with ThreadPoolExecutor(1) as pool:
        reloaded = pool.submit(admission.enter, "a", patience_s=30.0)
        admission.leave("a")
        assert reloaded.result()
