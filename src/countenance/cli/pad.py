"""`countenance pad`: the liveness lab."""

from __future__ import annotations

import click

from countenance.cli.pad_collect import collect
from countenance.cli.pad_dataset import dataset
from countenance.cli.pad_demo import demo
from countenance.cli.pad_promote import demote, promote
from countenance.cli.pad_train import train


@click.group()
def pad() -> None:
    """Train the detector that tells a live face from a picture of one.

    \b
    Examples:
      countenance pad train --data captures --output detector
      COUNTENANCE_PAD_CARD=detector/pad-lite0-linear.json countenance run
    """


pad.add_command(collect)
pad.add_command(dataset)
pad.add_command(demo)
pad.add_command(demote)
pad.add_command(promote)
pad.add_command(train)
