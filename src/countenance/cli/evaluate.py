"""`countenance evaluate`: error rates on labelled data."""

from __future__ import annotations

import click

from countenance.cli.evaluate_identification import identification
from countenance.cli.evaluate_matching import matching
from countenance.cli.evaluate_pad import pad
from countenance.cli.evaluate_robustness import robustness


@click.group()
def evaluate() -> None:
    """Measure error rates on labelled data.

    \b
    Examples:
      countenance evaluate matching --pairs pairs.csv --json
      countenance evaluate pad --manifest manifest.csv --json
    """


evaluate.add_command(identification)
evaluate.add_command(matching)
evaluate.add_command(pad)
evaluate.add_command(robustness)
