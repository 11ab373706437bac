"""`countenance bench search`: one probe among up to a million templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from countenance.cli.bench_options import measured_on
from countenance.cli.context import Session, json_option, pass_session

if TYPE_CHECKING:
    from countenance.bench.search import SearchTimes

MAX_ROWS = 20_000_000


@click.command()
@click.option(
    "--sizes",
    default="1000,10000,100000,1000000",
    show_default=True,
    callback=lambda _context, _parameter, value: _sizes(value),
    help="Templates of each gallery, comma separated.",
)
@click.option("--repeats", default=21, show_default=True, type=click.IntRange(3, 1000))
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1, 64))
@click.option(
    "--mapped",
    is_flag=True,
    help="Search galleries that are memory-mapped from a temporary folder (512 bytes for each "
    "template) instead of the memory that enrolled faces lie in.",
)
@json_option
@pass_session
def search(
    session: Session, sizes: tuple[int, ...], repeats: int, threads: int, mapped: bool
) -> None:
    """Time the exact search of one probe (1:N) beside reading the gallery's bytes at all.

    Galleries hold random unit vectors of 128 numbers, 512 bytes each; a probe is a noisy copy of
    one of them. The bound is the median time of the fastest of several loops that only read the
    same bytes; search and loops take turns. best_ratio is that of the shortest times, which a busy
    machine blurs least. A gallery that fits into the processor's cache has no
    memory to wait for: there the ratio tells the fixed cost of a search. A batch is 32 probes in
    one call.

    JSON keys: sizes (list of rows megabytes probe_ms probe_quartiles_ms ns_per_row batch_probe_ms
    bound_ms bound_reader bound_gb_per_s ratio best_ratio found), linear (fixed_ms
    ns_per_row worst_residual exponent; null for fewer than three sizes), dimension, repeats,
    mapped, threads, machine.

    \b
    Examples:
      countenance bench search
      countenance bench search --sizes 1000000 --threads 2 --json
    """
    from countenance.bench.search import DIMENSION, linear_fit, measure_search

    with session.progress() as progress:
        task = progress.add_task("Searching", total=sum(sizes))
        times = measure_search(
            sizes,
            repeats=repeats,
            threads=threads,
            is_mapped=mapped,
            finished=lambda rows: progress.update(task, advance=rows),
        )
    if not session.wants_json:
        _show(session, times)
        return
    fit = linear_fit(times)
    session.answer(
        {
            "sizes": [entry.as_json() for entry in times],
            "linear": fit.as_json() if fit else None,
            "dimension": DIMENSION,
            "repeats": repeats,
            "mapped": mapped,
            **measured_on(threads),
        }
    )


def _sizes(text: str) -> tuple[int, ...]:
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words or not all(word.isdecimal() and 0 < int(word) <= MAX_ROWS for word in words):
        raise click.BadParameter(f"{text!r} is no list of numbers from 1 to {MAX_ROWS:,}.")
    return tuple(int(word) for word in words)


def _show(session: Session, times: list[SearchTimes]) -> None:
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("TEMPLATES", "ONE PROBE", "QUARTILES", "OF A BATCH", "BOUND", "RATIO", "BEST"):
        table.add_column(heading, justify="right")
    for entry in times:
        low, high = entry.probe_quartiles_ms
        table.add_row(
            f"{entry.rows:,}",
            f"{entry.probe_ms:.3f} ms",
            f"{low:.3f}-{high:.3f}",
            f"{entry.batch_probe_ms:.3f} ms",
            f"{entry.bound_ms:.3f} ms",
            f"{entry.ratio:.2f}",
            f"{entry.best_ratio:.2f}",
        )
    session.console.print(table)
