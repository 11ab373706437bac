"""Fixtures for every test: where real data lies, acted scenes, clips."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from numpy.typing import NDArray

from tests.fixtures.clips import ClipShelf
from tests.fixtures.once import made_once
from tests.fixtures.pad_dataset import write_pad_dataset
from tests.fixtures.portraits import Person, source_picture
from tests.harness.server import run_command

if TYPE_CHECKING:
    from xdist.scheduler import Scheduling

ROOT = Path(__file__).resolve().parents[1]

# How long an example takes says something of the machine, nothing of the claim.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling | None:
    from tests.harness.distribution import BrowsersInOneProcess

    is_by_file = config.getoption("dist") == "loadfile"
    return BrowsersInOneProcess(config, log) if is_by_file else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        from tests.harness.distribution import rank

        items.sort(key=rank)


@pytest.fixture(scope="session", autouse=True)
def _one_thread_each() -> Iterator[None]:
    """Results must not depend on the number of cores, nor tests starve each other."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    yield
    cv2.setNumThreads(before)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real development data (faces of private people; never in the repository).

    `$COUNTENANCE_SHARED/data`, or `../shared/data` beside the repository.
    """
    named = os.environ.get("COUNTENANCE_SHARED")
    folder = (Path(named) if named else ROOT.parent / "shared") / "data"
    if not (folder / "manifest.csv").is_file():
        pytest.skip(f"needs the real data: no {folder}/manifest.csv (set COUNTENANCE_SHARED)")
    return folder


@pytest.fixture(scope="session")
def portraits() -> dict[Person, NDArray[np.uint8]]:
    """The two public-domain portraits as they come, (height, width, 3) uint8 BGR."""
    return {person: source_picture(person) for person in Person}


@pytest.fixture(scope="session")
def of_this_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this run share, see `tests/fixtures/once.py`."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "of-this-run"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def clips(of_this_run: Path) -> ClipShelf:
    """Clips for the fake camera; each is written once per run."""
    return ClipShelf(of_this_run / "clips")


@pytest.fixture(scope="session")
def acted_pad_dataset(of_this_run: Path) -> Path:
    """A folder dataset of injected animated portraits with `manifest.csv`, for the trainer."""
    return made_once(of_this_run / "acted-pad", write_pad_dataset)


@pytest.fixture(scope="session")
def acted_detector(acted_pad_dataset: Path, of_this_run: Path) -> Path:
    """Card of a detector that `countenance pad train` made from acted scenes alone.

    Give it to a server as `COUNTENANCE_PAD_CARD`. It knows no site below 100.
    """

    def train(folder: Path) -> None:
        trained = run_command(
            *("--home", str(folder / "home"), "pad", "train", "--data", str(acted_pad_dataset)),
            *("--output", str(folder / "detector"), "--folds", "2", "--json"),
        )
        assert trained.returncode == 0, trained.stderr[-3000:]
        (folder / "card").write_text(json.loads(trained.stdout)["card"], "utf-8")

    made = made_once(of_this_run / "acted-detector", train)
    return Path((made / "card").read_text("utf-8"))
