"""A second opinion is offered, shown for what it is worth, and fetched only after a yes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from countenance.events import Tag
from countenance.vision.packs import shipped_pack
from countenance.vision.pad_fusion import FUSION_PACK, fusion_of
from countenance.web.context import EXTENSION
from countenance.web.installing import Progress, Stage
from tests.fakes.doors import Door, Visit, open_door
from tests.fakes.mirrors import Mirror, hang_after, serve

PACK = shipped_pack(FUSION_PACK)
NAMES = [card.download.name for card in PACK.cards if card.download]


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    """Has files of the right names; whether they are the right ones a test decides."""
    with serve() as found:
        found.files = dict.fromkeys(NAMES, b"not the network")
        yield found


@pytest.fixture
def door(tmp_path: Path, mirror: Mirror) -> Door:
    return open_door(tmp_path, engine={"model_mirror": mirror.url})


@pytest.fixture
def visit(door: Door) -> Visit:
    return door.visit_as(door.administrator())


def installed(door: Door) -> list[str]:
    folder = door.home / "models"
    return sorted(path.name for path in folder.glob("*.pth"))


def settled(door: Door) -> Progress:
    """The progress once the installation has ended, well or not."""
    installation = door.app.extensions[EXTENSION].installation
    for _ in range(1500):
        if installation.progress.stage in {Stage.DONE, Stage.FAILED}:
            break
        time.sleep(0.02)
    found: Progress = installation.progress
    return found


def test_the_offer_stands_on_the_first_page_until_it_is_declined(
    door: Door, visit: Visit, mirror: Mirror
) -> None:
    assert "second opinion on pictures" in visit.get("/").text
    assert "second opinion on pictures" not in door.visit_as(door.viewer()).get("/").text
    visit.post("/detection/later")
    assert "second opinion on pictures" not in visit.get("/").text
    assert "I accept these licences" in visit.get("/detection").text, "it can still be had"
    assert mirror.asked == [], "to look is to fetch nothing"


def test_the_page_says_what_it_is_worth_better_or_worse(visit: Visit) -> None:
    page = visit.get("/detection").text
    figures = fusion_of(PACK).figures
    for value in (figures["eer"], figures["bpcer"], *figures["apcer"].values()):
        assert f"{100 * value:.1f} %" in page
    assert "paper mask" in page
    assert "not measured" not in page
    for card in PACK.cards:
        assert card.licence in page
        assert card.licence_url in page
        assert card.attribution.split(",")[0] in page
    assert "3.7 MB come from 127.0.0.1" in page


def test_nothing_is_fetched_before_the_licences_are_accepted(
    door: Door, visit: Visit, mirror: Mirror
) -> None:
    answer = visit.post("/detection/install")
    assert answer.status_code == 422
    assert "tick that you accept" in answer.text
    assert mirror.asked == []
    assert installed(door) == []


def test_other_files_than_the_ones_that_are_meant_are_not_installed(
    door: Door, visit: Visit, mirror: Mirror
) -> None:
    visit.post("/detection/install", accepted="yes")
    assert settled(door).stage is Stage.FAILED
    page = visit.get("/detection").text
    assert "its SHA-256 is another" in page
    assert "Nothing was changed" in page
    assert "Try again" in page
    assert installed(door) == []
    assert door.identity.audit.list_events(tags=(Tag.SECOND_OPINION_INSTALLED,)) == ()
    assert len(mirror.asked) == 1, "the second file is not asked for after the first was wrong"


@pytest.mark.parametrize("place", ["http://nowhere.invalid", "http://127.0.0.1:9"])
def test_without_a_network_the_page_says_so_and_how_to_do_without(
    tmp_path: Path, place: str
) -> None:
    door = open_door(tmp_path, engine={"model_mirror": place})
    visit = door.visit_as(door.administrator())
    visit.post("/detection/install", accepted="yes")
    assert settled(door).stage is Stage.FAILED
    page = visit.get("/detection").text
    assert "cannot be reached" in page or "cannot be fetched" in page
    assert "models install minifasnet --from FOLDER" in page


def test_progress_is_told_and_one_download_runs_at_a_time(
    door: Door, visit: Visit, mirror: Mirror
) -> None:
    mirror.files = dict.fromkeys(NAMES, bytes(100_000))
    mirror.answers = [hang_after(60_000)]
    visit.post("/detection/install", accepted="yes")
    told = {}
    for _ in range(500):
        told = visit.get("/detection/progress").json or {}
        if told["received_bytes"]:
            break
        time.sleep(0.02)
    assert told["stage"] == "fetching"
    assert 0 < told["received_bytes"] <= 60_000
    assert told["total_bytes"] == sum(c.download.size_bytes for c in PACK.cards if c.download)
    assert told["is_over"] is False
    visit.post("/detection/install", accepted="yes")
    assert len(mirror.asked) == 1
    assert 'id="bar"' in visit.get("/detection").text


def test_off_and_a_detector_of_ones_own_are_told_and_offer_nothing(tmp_path: Path) -> None:
    door = open_door(tmp_path, engine={"pad_fusion": "off"})
    visit = door.visit_as(door.administrator())
    assert "second opinion on pictures" not in visit.get("/").text
    page = visit.get("/detection").text
    assert "Switched off" in page
    assert "I accept" not in page
    assert visit.post("/detection/install", accepted="yes").status_code == 302
    assert door.app.extensions[EXTENSION].installation.progress.stage is Stage.IDLE


@pytest.mark.real_data
def test_after_a_yes_it_is_fetched_checked_and_used_at_once(
    door: Door, visit: Visit, mirror: Mirror, shared_data: Path
) -> None:
    if not all((shared_data / "models" / name).is_file() for name in NAMES):
        pytest.skip(f"needs {' and '.join(NAMES)} in {shared_data}/models")
    mirror.files = {name: (shared_data / "models" / name).read_bytes() for name in NAMES}
    assert "minifasnet" not in door.container.engine.pad.name
    visit.post("/detection/install", accepted="yes")
    assert settled(door).stage is Stage.DONE, settled(door).problem
    assert installed(door) == sorted(NAMES)
    assert door.container.engine.pad.name.endswith("+minifasnet/1")
    assert "With a second opinion" in visit.get("/detection").text
    assert "second opinion on pictures" not in visit.get("/").text
    (event,) = door.identity.audit.list_events(tags=(Tag.SECOND_OPINION_INSTALLED,))
    assert event.details == {"pack": "minifasnet/1"}
