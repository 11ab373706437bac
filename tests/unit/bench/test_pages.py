"""Pages asked through WSGI: what is sent, what comes back, what is counted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from countenance.bench.pages import PageTimes, call, measure_page, p95
from countenance.cli.main import main


class Page:
    """An application that tells what it was asked, and notes that its answer was closed."""

    def __init__(self, status: str = "418 I'm a teapot") -> None:
        self.status = status
        self.calls = 0
        self.closed = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        self.calls += 1
        told = {
            "path": environ["PATH_INFO"],
            "query": environ["QUERY_STRING"],
            "method": environ["REQUEST_METHOD"],
            "cookie": environ["HTTP_COOKIE"],
            "from": environ["REMOTE_ADDR"],
            "form": environ["wsgi.input"].read().decode(),
        }
        start_response(self.status, [])
        page = self

        class Body:
            def __iter__(self) -> Iterator[bytes]:
                yield json.dumps(told).encode()

            def close(self) -> None:
                page.closed += 1

        return Body()


def test_a_request_carries_what_it_is_told_and_its_answer_is_closed() -> None:
    page = Page()
    answer = call(page, "/people?after=b", cookie="a=1", form=b"x=1&y=2", address="192.0.2.1")
    assert answer.status == 418
    assert json.loads(answer.body) == {
        "path": "/people",
        "query": "after=b",
        "method": "POST",
        "cookie": "a=1",
        "from": "192.0.2.1",
        "form": "x=1&y=2",
    }
    assert page.closed == 1
    assert json.loads(call(page, "/").body)["method"] == "GET"


def test_what_warms_up_is_not_counted() -> None:
    page = Page("200 OK")
    times = measure_page(page, "/", person="nobody", cookie="", repeats=5)
    assert page.calls == 7
    assert len(times.wall_ms) == len(times.cpu_ms) == 5


def test_a_page_that_does_not_open_is_asked_for_once() -> None:
    page = Page("403 FORBIDDEN")
    assert measure_page(page, "/", person="nobody", cookie="", repeats=5).status == 403
    assert page.calls == 1


@pytest.mark.parametrize(
    ("count", "expected"), [(1, 1), (2, 2), (19, 19), (20, 19), (21, 20), (100, 95)]
)
def test_of_twenty_calls_the_p95_is_the_slowest_but_one(count: int, expected: int) -> None:
    assert p95([float(n) for n in range(count, 0, -1)]) == expected


def test_the_middle_of_calls_is_told_in_milliseconds() -> None:
    times = PageTimes("/", "nobody", 200, (3.0, 1.0, 2.0), (1.0, 1.0, 4.0))
    assert times.as_json() == {
        "path": "/",
        "person": "nobody",
        "status": 200,
        "median_ms": 2.0,
        "p95_ms": 3.0,
        "cpu_ms": 1.0,
    }


def test_every_page_of_a_full_house_is_opened_and_a_slow_one_is_named() -> None:
    arguments = ["--users", "100", "--events", "40", "--repeats", "2", "--limit-ms", "1"]
    done = CliRunner().invoke(main, ["bench", "pages", *arguments, "--json"])
    answer = json.loads(done.stdout)
    opened = {(page["path"], page["person"]) for page in answer["pages"]}
    for path in ("/", "/people", "/people?face=pending", "/attempts", "/people/add", "/account"):
        assert (path, "administrator") in opened
    assert ("/people", "auditor") in opened
    assert ("/people", "viewer") not in opened
    assert ("/login", "nobody") in opened
    assert answer["same_answers"] is True
    assert {login["kind"] for login in answer["logins"]} == {
        "unknown", "known", "disabled", "invited",
    }  # fmt: skip
    # No page takes less than a millisecond with thousands of objects to make.
    assert "/people" in answer["slow"]
    assert done.exit_code == 1
