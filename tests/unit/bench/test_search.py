"""The search benchmark finds what it looks for, and tells a line from a curve."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from countenance.bench.search import SearchTimes, linear_fit, measure_search
from countenance.cli.main import main


def times(rows: int, probe_ms: float) -> SearchTimes:
    return SearchTimes(
        rows=rows,
        probe_ms=probe_ms,
        probe_quartiles_ms=(probe_ms, probe_ms),
        batch_probe_ms=probe_ms,
        bound_ms=probe_ms / 2,
        bound_reader="or, 1 thread",
        best_ratio=2.0,
        found=True,
    )


@pytest.mark.parametrize("is_mapped", [False, True])
@pytest.mark.parametrize("threads", [1, 2])
def test_every_probe_is_found_in_every_gallery(is_mapped: bool, threads: int) -> None:
    done: list[int] = []
    measured = measure_search(
        [10, 9000], repeats=3, threads=threads, is_mapped=is_mapped, finished=done.append
    )
    assert [entry.rows for entry in measured] == done == [10, 9000]
    assert all(entry.found and entry.probe_ms > 0 and entry.bound_ms > 0 for entry in measured)


def test_a_line_is_found_again() -> None:
    fit = linear_fit([times(rows, 0.05 + 30e-6 * rows) for rows in (10**3, 10**4, 10**5, 10**6)])
    assert fit is not None
    assert fit.fixed_ms == pytest.approx(0.05)
    assert fit.ns_per_row == pytest.approx(30)
    assert fit.worst_residual < 1e-9


def test_a_square_is_no_line() -> None:
    fit = linear_fit([times(rows, 1e-6 * rows**2) for rows in (10**3, 10**4, 10**5)])
    assert fit is not None
    assert fit.exponent == pytest.approx(2)
    assert fit.worst_residual > 0.5
    assert linear_fit([times(1000, 1.0), times(2000, 2.0)]) is None


def test_the_command_answers_with_its_keys(tmp_path: Path) -> None:
    arguments = ["--home", str(tmp_path), "bench", "search", "--sizes", "100,200,300"]
    result = CliRunner().invoke(main, [*arguments, "--repeats", "3", "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert [entry["rows"] for entry in told["sizes"]] == [100, 200, 300]
    entry = told["sizes"][0]
    assert entry["ratio"] == pytest.approx(entry["probe_ms"] / entry["bound_ms"])
    assert set(told["linear"]) == {"fixed_ms", "ns_per_row", "worst_residual", "exponent"}
    plain = CliRunner().invoke(main, [*arguments, "--repeats", "3"])
    assert "TEMPLATES" in plain.stdout


@pytest.mark.parametrize("sizes", ["", "many", "0", "-5", "1e6", "30000000"])
def test_sizes_that_make_no_sense_are_refused(tmp_path: Path, sizes: str) -> None:
    result = CliRunner().invoke(
        main, ["--home", str(tmp_path), "bench", "search", "--sizes", sizes]
    )
    assert result.exit_code == 2
