"""`countenance pad dataset`: what a set of presentations holds, and what it lacks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from countenance.cli.context import Session, json_option, pass_session

if TYPE_CHECKING:
    from countenance.datasets.balance import Balance, Count


@click.command()
@click.argument("folder", metavar="DATASET", type=click.Path(path_type=Path))
@json_option
@pass_session
def dataset(session: Session, folder: Path) -> None:
    """Count the presentations of a folder, and tell what it lacks for figures to be believed.

    Frames are counted, not the crops of their faces. Files are not opened.

    JSON keys: bona_fide attack sources subjects species kinds lacks.

    \b
    Examples:
      countenance pad dataset captures
      countenance pad dataset captures --json
    """
    from countenance.datasets.balance import balance
    from countenance.datasets.manifest import read_folder

    counted = balance(read_folder(folder))
    if session.wants_json:
        session.answer(balance_as_dict(counted))
    else:
        show_balance(session, counted)


def balance_as_dict(counted: Balance) -> dict[str, Any]:
    """The counts with stable keys."""
    return {
        "bona_fide": counted.all.bona_fide,
        "attack": counted.all.attack,
        "sources": _groups_as_dict(counted.sources),
        "subjects": _groups_as_dict(counted.subjects),
        "species": counted.species,
        "kinds": counted.kinds,
        "lacks": list(counted.lacks),
    }


def show_balance(session: Session, counted: Balance) -> None:
    """A table of the counts, then what is missing."""
    from rich.table import Table

    from countenance.datasets.balance import NOTHING_LACKS

    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("IN THE DATA SET")
    for heading in ("BONA FIDE", "ATTACK"):
        table.add_column(heading, justify="right")
    table.add_row("all", *_cells(counted.all))
    for title, groups in (("source", counted.sources), ("subject", counted.subjects)):
        for name, count in groups.items():
            table.add_row(f"{title} {name or '(none)'}", *_cells(count))
    for species, number in counted.species.items():
        table.add_row(f"species {species}", "", str(number))
    session.console.print(table)
    for lack in counted.lacks:
        session.console.print(f"- {lack}", markup=False)
    if not counted.lacks:
        session.console.print(NOTHING_LACKS)


def _groups_as_dict(groups: dict[str, Count]) -> dict[str, dict[str, int]]:
    return {
        name: {"bona_fide": count.bona_fide, "attack": count.attack}
        for name, count in groups.items()
    }


def _cells(count: Count) -> tuple[str, str]:
    return str(count.bona_fide), str(count.attack)
