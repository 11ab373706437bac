"""A stopped run is gone on with as it was begun, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from countenance.training.errors import OtherRunError
from countenance.training.work_folder import refuse_other_run

RUN = {"architecture": "livenessnet", "choices": "width=32"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"architecture": "lite0-linear"}, "had another architecture: livenessnet, not lite0-li"),
        ({"choices": "width=48"}, "had other choices: width=32, not width=48"),
    ],
)
def test_what_differs_is_named(tmp_path: Path, change: dict[str, str], said: str) -> None:
    refuse_other_run(tmp_path, RUN)
    refuse_other_run(tmp_path, RUN)
    with pytest.raises(OtherRunError, match=said):
        refuse_other_run(tmp_path, RUN | change)
