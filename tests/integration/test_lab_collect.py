"""Collecting and looking through presentations: real pages and folders, a painted camera."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import websocket

from countenance.datasets.balance import NOTHING_LACKS, balance
from countenance.datasets.dataset_folder import DatasetFolder, Declared, Origin
from countenance.datasets.manifest import Kind, read_folder
from countenance.datasets.review import items_of, trash_of
from countenance.datasets.takes import read_takes
from countenance.events import Tag
from countenance.identity.permissions import Permission, Role, roles_with
from countenance.images.codec import encode_jpeg, encode_png
from countenance.images.image import Image
from countenance.pad.species import PaiSpecies
from tests.fakes.doors import Door, Visit, open_door
from tests.fakes.lab_browser import LabBrowser, close_all
from tests.fakes.servers import serving

WISH: dict[str, Any] = {
    "do": "collect", "from": "camera", "dataset": "hall", "label": "bona_fide",
    "subject": "ada", "source": "desk", "note": "lamp on, glasses", "agreed": True,
    "seconds": 60, "pictures": 3,
}  # fmt: skip


def picture(seed: int) -> Image:
    return Image(np.random.default_rng(seed).integers(40, 210, (480, 640, 3), np.uint8))


def jpeg(seed: int) -> bytes:
    small = np.random.default_rng(seed).integers(40, 210, (48, 64, 3), np.uint8)
    return encode_jpeg(Image(cv2.resize(small, (640, 480), interpolation=cv2.INTER_CUBIC)))


def film(path: Path, *, frames: int) -> bytes:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 15, (640, 480))
    for k in range(frames):
        writer.write(picture(k // 5).pixels)
    writer.release()
    return path.read_bytes()


@pytest.fixture(autouse=True)
def _hang_up() -> Iterator[None]:
    yield
    close_all()


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return open_door(tmp_path)


@pytest.fixture
def visit(door: Door) -> Visit:
    visit = door.visit_as(door.administrator())
    assert visit.post("/lab/datasets", name="hall").location == "/lab/datasets/hall/collect"
    return visit


@pytest.fixture
def host(door: Door) -> Iterator[str]:
    with serving(door.app) as host:
        yield host


@pytest.fixture
def browser(host: str, visit: Visit) -> LabBrowser:
    return LabBrowser(host, visit)


@pytest.fixture
def folder(door: Door) -> Path:
    return door.home / "lab" / "datasets" / "hall"


def tags(door: Door) -> list[Tag]:
    return [row.tag for row in door.identity.audit.list_events() if row.tag.startswith("lab:")]


def test_the_camera_fills_a_data_set_that_trains(
    door: Door, browser: LabBrowser, folder: Path
) -> None:
    assert browser.want(**WISH)["type"] == "ready"
    replies = []
    while not replies or replies[-1]["type"] == "frame":
        door.clock.advance(0.2)
        replies.append(browser.show(jpeg(len(replies))))
        if replies[-1].get("kept") == 3:
            replies += browser.rest()
    assert [reply.get("fate") for reply in replies] == ["kept", "kept", "kept", None]
    assert replies[0]["box"] == [0.375, 0.25, 0.625, 0.6667]
    assert (replies[-1]["type"], replies[-1]["kept"]) == ("done", 3)
    found = read_folder(folder)
    assert [p.kind for p in found] == [Kind.FULL_FRAME, Kind.TIGHT_CROP] * 3
    assert {(p.source, p.subject, p.species) for p in found} == {("desk", "ada", None)}
    (take,) = read_takes(folder)
    assert (take.by, take.agreed, take.note) == ("eileen", "yes", "lamp on, glasses")
    assert {item.input for item in items_of(folder)} == {take.input}
    assert not any(path.stat().st_mode & 0o077 for path in door.home.rglob("lab/**/*"))
    events = door.identity.audit.list_events(tags=(Tag.LAB_COLLECTED,))
    assert [(e.details["dataset"], e.details["kept"]) for e in events] == [("hall", "3")]


def test_frames_without_news_and_without_a_face_are_told_and_left_out(
    door: Door, browser: LabBrowser, folder: Path
) -> None:
    browser.want(**WISH | {"label": "attack", "species": "print"})
    door.clock.advance(1)
    assert browser.show(jpeg(1))["fate"] == "kept"
    assert browser.show(jpeg(2))["fate"] is None, "too soon after the last one"
    door.clock.advance(1)
    assert browser.show(jpeg(1))["fate"] == "near_duplicate"
    door.lab.scripted.present = ()
    door.clock.advance(1)
    assert browser.show(jpeg(3))["fate"] == "no_face"
    done = browser.stop()
    assert (done["kept"], done["near_duplicates"], done["no_face"]) == (1, 1, 1)
    assert {p.species for p in read_folder(folder)} == {PaiSpecies.PRINT}


def test_the_time_ends_a_take(door: Door, browser: LabBrowser) -> None:
    browser.want(**WISH | {"seconds": 2})
    door.clock.advance(2.5)
    assert browser.show(jpeg(1))["kept"] == 1
    assert browser.rest()[-1]["type"] == "done"


def test_a_page_that_vanishes_loses_nothing_and_gives_its_place_back(
    door: Door, host: str, visit: Visit, folder: Path
) -> None:
    first = LabBrowser(host, visit)
    first.want(**WISH)
    door.clock.advance(1)
    assert first.show(jpeg(1))["kept"] == 1
    with pytest.raises(websocket.WebSocketBadStatusException) as caught:
        LabBrowser(host, visit)
    assert caught.value.status_code == 503
    first.socket.shutdown()
    second = None
    for _ in range(20):
        try:
            second = LabBrowser(host, visit)
            break
        except websocket.WebSocketBadStatusException:
            continue
    assert second is not None
    assert second.want(**WISH)["type"] == "ready"
    second.close()
    assert len(items_of(folder)) == 1
    assert Tag.LAB_COLLECTED in tags(door)


def test_a_video_and_a_picture_are_collected_as_the_command_does(
    host: str, visit: Visit, folder: Path, tmp_path: Path
) -> None:
    content = film(tmp_path / "phone.avi", frames=30)
    for name, data in (("phone.avi", content), ("face.png", encode_png(picture(99)))):
        browser = LabBrowser(host, visit)
        wish = WISH | {"from": "file", "name": name, "size": len(data), "pictures": 500}
        ready = browser.want(**wish)
        last = browser.give(data, piece_bytes=ready["piece_bytes"])[-1]
        assert last["type"] == "done", last
        assert last["kept"] == (6 if name == "phone.avi" else 1)
        browser.close()
    assert sorted(item.frame for item in items_of(folder)) == [0, 0, 5, 10, 15, 20, 25]
    again = LabBrowser(host, visit)
    wish = WISH | {"from": "file", "name": "renamed.avi", "size": len(content), "pictures": 500}
    last = again.give(content, piece_bytes=again.want(**wish)["piece_bytes"])[-1]
    assert (last["kept"], last["already_there"]) == (0, 6)
    assert list((folder.parents[1] / "uploads").iterdir()) == [], "no upload stays behind"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("notes.mp4", b"no video at all", "notes.mp4 is no video"),
        ("cut.jpg", b"\xff\xd8\xff\xe0", "cut.jpg: The jpeg image ends too early"),
        ("anim.gif", b"GIF89a" + bytes(40), "anim.gif"),
        ("bomb.png", encode_png(picture(1))[:16] + b"\0\1\0\0\0\1\0\0" + bytes(80), "on a side"),
    ],
)
def test_a_file_that_is_no_picture_or_video_is_told_by_its_own_name(
    browser: LabBrowser, folder: Path, name: str, content: bytes, said: str
) -> None:
    browser.want(**WISH | {"from": "file", "name": name, "size": len(content)})
    last = browser.give(content, piece_bytes=250_000)[-1]
    assert last["type"] == "error"
    assert said in last["message"]
    assert str(folder.parents[1]) not in last["message"]
    assert items_of(folder) == ()
    assert read_takes(folder) == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"agreed": False}, "agreed"),
        ({"agreed": "yes"}, "agreed"),
        ({"subject": "../ada"}, "no name"),
        ({"source": ""}, "no name"),
        ({"label": "real"}, "person or an attack"),
        ({"label": "attack", "species": ""}, "needs its kind"),
        ({"dataset": "../../keys"}, "no data set"),
        ({"dataset": "other"}, "no data set"),
        ({"pictures": 0}, "from 1 to"),
        ({"seconds": float("nan")}, "from 1 to"),
        ({"from": "file", "name": "x.mp4", "size": 0}, "empty"),
        ({"from": "file", "name": "x.mp4", "size": 10**10}, "at most"),
        ({"do": "erase"}, "'do'"),
        ({"note": "a\nb"}, "plain text"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused_in_words(
    browser: LabBrowser, folder: Path, change: dict[str, Any], said: str
) -> None:
    reply = browser.want(**WISH | change)
    assert reply["type"] == "error"
    assert said in reply["message"]
    assert not (folder / "takes.csv").exists()


def test_more_than_was_announced_and_more_than_was_granted_end_it(host: str, visit: Visit) -> None:
    browser = LabBrowser(host, visit)
    browser.want(**WISH | {"from": "file", "name": "x.mp4", "size": 10})
    assert "longer than" in browser.give(bytes(20), piece_bytes=20)[-1]["message"]
    flood = LabBrowser(host, visit)
    flood.want(**WISH)
    flood.socket.send_binary(b"CNF1" + bytes(400_000))
    assert flood.hear() == {}


def test_a_full_disk_is_told_and_keeps_what_was_there(
    door: Door, browser: LabBrowser, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.want(**WISH)
    door.clock.advance(1)
    assert browser.show(jpeg(1))["kept"] == 1

    def full(*_args: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(DatasetFolder, "_write_picture", full)
    door.clock.advance(1)
    reply = browser.show(jpeg(2))
    assert reply["code"] == "dataset.unwritable"
    assert reply["so_far"]["kept"] == 1
    assert len(items_of(folder)) == 1


def test_only_who_may_use_the_lab_gets_its_socket(door: Door, host: str, visit: Visit) -> None:
    others = roles_with(Permission.OWN_ACCOUNT) - roles_with(Permission.USE_LAB)
    assert len(others) == len(Role) - 1
    refused = [(door.visit_as(door.user(f"some-{role}", role=role)), None, 403) for role in others]
    for who, origin, status in (
        *refused,
        (door.visit(), None, 401),
        (visit, "https://evil.example", 403),
    ):
        with pytest.raises(websocket.WebSocketBadStatusException) as caught:
            LabBrowser(host, who, origin=origin)
        assert caught.value.status_code == status


def test_a_full_house_leaves_the_lab_outside(tmp_path: Path) -> None:
    door = open_door(tmp_path, capture={"max_concurrent": 1})
    visit = door.visit_as(door.administrator())
    with serving(door.app) as host:
        door.app.extensions["countenance"].admission.enter("a-login")
        with pytest.raises(websocket.WebSocketBadStatusException) as caught:
            LabBrowser(host, visit)
        assert caught.value.status_code == 503


def fill(folder: Path, *, people: int = 3, attacks: int = 2) -> None:
    png = encode_png(Image(picture(1).pixels[:60, :80].copy()))
    with DatasetFolder(folder) as data:
        for declared, input_, frames in (
            (Declared("desk", "ada", None), "aa" * 32, people),
            (Declared("hall", "ben", PaiSpecies.REPLAY_PHONE), "bb" * 32, attacks),
        ):
            for frame in range(frames):
                data.add(
                    [(Kind.FULL_FRAME, png), (Kind.TIGHT_CROP, png)],
                    of=declared, from_=Origin(input_, frame, frame / 30),
                )  # fmt: skip


def keys(page: str) -> list[str]:
    return re.findall(r'name="key" value="([^"]+)"', page)


def test_a_data_set_is_shown_with_its_balance_and_what_to_type_next(
    visit: Visit, folder: Path
) -> None:
    assert "Nothing collected yet" in visit.get("/lab/datasets/hall").text
    fill(folder)
    page = visit.get("/lab/datasets/hall").text
    lacks = balance(read_folder(folder)).lacks
    assert lacks
    assert all(lack in page for lack in lacks)
    assert NOTHING_LACKS not in page
    assert f"pad train --data {folder} --output" in page
    assert len(keys(page)) == 5
    assert len(keys(visit.get("/lab/datasets/hall?label=attack").text)) == 2
    assert "Nothing fits" in visit.get("/lab/datasets/hall?label=attack&subject=ada").text


def test_pictures_come_as_thumbnails_and_whole_and_from_nowhere_else(
    visit: Visit, folder: Path, door: Door
) -> None:
    fill(folder, people=1, attacks=0)
    (item,) = items_of(folder)
    base = "/lab/datasets/hall/pictures/"
    small, whole = visit.get(base + item.picture), visit.get(f"{base}{item.picture}?size=whole")
    assert (small.mimetype, whole.mimetype) == ("image/jpeg", "image/png")
    assert whole.data == (folder / item.picture).read_bytes()
    assert "no-store" in small.headers["Cache-Control"]
    (folder / "desk" / "bona_fide" / "link.png").symlink_to(door.home / "keys" / "master.key")
    for path in ("manifest.csv", "../hall/manifest.csv", "desk/bona_fide/link.png", "a/b/c.png"):
        assert visit.get(base + path).status_code == 404


def test_deleting_asks_once_and_can_be_undone(door: Door, visit: Visit, folder: Path) -> None:
    fill(folder)
    chosen = keys(visit.get("/lab/datasets/hall").text)[:2]
    data = {"csrf_token": visit.token(), "key": chosen, "which": "ticked"}
    asked = visit.client.post("/lab/datasets/hall/delete", data=data).text
    assert "Delete 2 presentations" in asked
    assert len(items_of(folder)) == 5, "nothing goes before it was confirmed"
    done = visit.client.post("/lab/datasets/hall/delete", data=data | {"sure": "yes"})
    page = visit.get(done.location).text
    assert len(items_of(folder)) == 3
    assert "2 presentations are in the trash" in page
    batch = re.search(r'name="batch" value="(\w+)"', page)
    assert batch
    visit.post("/lab/datasets/hall/put-back", batch=batch[1])
    assert len(items_of(folder)) == 5
    assert tags(door)[:2] == [Tag.LAB_PUT_BACK, Tag.LAB_DELETED]


def test_everything_of_one_person_goes_for_good(door: Door, visit: Visit, folder: Path) -> None:
    """Somebody takes the agreement back."""
    fill(folder)
    visit.post("/lab/datasets/hall/delete", which="all", subject="ben", sure="yes")
    assert [item.declared.subject for item in trash_of(folder)] == ["ben", "ben"]
    assert "deletes 2 presentations" in visit.get("/lab/datasets/hall/trash/empty").text
    assert list((folder / "hall").rglob("*.png"))
    visit.post("/lab/datasets/hall/trash/empty")
    assert not (folder / "hall").exists()
    assert {item.declared.subject for item in items_of(folder)} == {"ada"}
    assert tags(door)[0] == Tag.LAB_ERASED


def test_nothing_ticked_deletes_nothing(visit: Visit, folder: Path) -> None:
    fill(folder)
    done = visit.post("/lab/datasets/hall/delete", which="ticked", sure="yes")
    assert "Nothing was chosen" in visit.get(done.location).text
    assert len(items_of(folder)) == 5


def test_a_data_set_goes_when_its_name_is_typed(door: Door, visit: Visit, folder: Path) -> None:
    fill(folder)
    assert "5 presentations" in visit.get("/lab/datasets/hall/remove").text
    assert visit.post("/lab/datasets/hall/remove", typed="hal").status_code == 422
    assert folder.exists()
    visit.post("/lab/datasets/hall/remove", typed="hall")
    assert not folder.exists()
    assert "No data set yet" in visit.get("/lab").text
    assert visit.get("/lab/datasets/hall").status_code == 404
    assert tags(door)[0] == Tag.LAB_DATASET_REMOVED


def test_the_zip_reads_as_the_data_set_it_was(
    door: Door, visit: Visit, folder: Path, tmp_path: Path
) -> None:
    fill(folder)
    visit.post("/lab/datasets/hall/delete", which="all", subject="ben", sure="yes")
    assert visit.post("/lab/datasets/hall/export").location == "/step-up"
    visit.confirm(door, "lab.export", name="hall")
    assert "3 presentations" in visit.get("/lab/datasets/hall/export").text
    answer = visit.post("/lab/datasets/hall/export")
    assert answer.mimetype == "application/zip"
    zipfile.ZipFile(io.BytesIO(answer.data)).extractall(tmp_path / "out")
    found = read_folder(tmp_path / "out" / "hall")
    assert [p.subject for p in found] == ["ada"] * 6
    assert all(p.path.is_file() for p in found)
    with (tmp_path / "out" / "hall" / "manifest.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 6
    assert tags(door)[0] == Tag.LAB_EXPORTED


def test_many_presentations_come_in_pages(visit: Visit, folder: Path) -> None:
    fill(folder, people=30, attacks=0)
    first, second = (visit.get(f"/lab/datasets/hall?page={page}").text for page in (1, 2))
    assert (len(keys(first)), len(keys(second))) == (24, 6)
    assert "Page 1 of 2" in first


def test_a_name_that_cannot_be_one_is_told(visit: Visit) -> None:
    for name, said in (("a/b", "is no name"), ("hall", "already")):
        answer = visit.post("/lab/datasets", name=name)
        assert answer.status_code == 422
        assert said in answer.text


def test_a_damaged_data_set_is_listed_and_can_be_removed(visit: Visit, folder: Path) -> None:
    (folder / "manifest.csv").write_text("a,b\n")
    page = visit.get("/lab").text
    assert "Cannot be read" in page
    assert visit.get("/lab/datasets/hall").status_code == 409
    assert visit.post("/lab/datasets/hall/remove", typed="hall").status_code == 302
