"""What lies in the models folder is what was listed there, or nothing starts and names the file."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from countenance.bootstrap import Container, build
from countenance.cli.main import main
from countenance.clock import ManualClock
from countenance.errors import CountenanceError
from countenance.events import Tag
from countenance.identity.key_rotation import rotate_keys
from countenance.settings import Settings, read_settings
from countenance.vision.backends.onnx.pad import shipped_pad_card
from countenance.vision.cards import shipped_card
from countenance.vision.errors import (
    ManifestError,
    ModelAlteredError,
    ModelMissingError,
    ModelUnlistedError,
)
from countenance.vision.model_store import ModelStore, digest_of
from countenance.vision.pad_card import read_pad_card
from countenance.vision.pad_service import (
    Chosen,
    install_detector,
    pointer_of,
    put_in_service,
    take_out_of_service,
)
from tests.fixtures.bright_detectors import write_bright_detector
from tests.harness.server import clean_environment, command, free_port, run_command

YUNET, SFACE = (shipped_card(name) for name in ("yunet", "sface"))
CARRIED = ModelStore(Path("none"))


def settings_of(home: Path) -> Settings:
    return read_settings({"COUNTENANCE_HOME": str(home), "COUNTENANCE_ENGINE_PRECISION": "int8"})


def parts(home: Path) -> Container:
    return build(settings_of(home))


def open_engine(home: Path) -> None:
    container = parts(home)
    try:
        container.engine.warm_up()
    finally:
        container.identity.close()


def promote(home: Path, card: Path) -> Path:
    """As `pad promote` does once it has judged."""
    container, folder = parts(home), home / "models"
    installed = install_detector(card, folder)
    container.identity.audit.append(
        Tag.DETECTOR_PROMOTED, details={"sha256": read_pad_card(card).sha256}
    )
    put_in_service(installed, folder, ledger=container.ledger)
    container.identity.close()
    return installed


def install_yunet(home: Path, downloads: Path) -> None:
    downloads.mkdir(exist_ok=True)
    (downloads / YUNET.file).write_bytes(CARRIED.verified(YUNET))
    done = CliRunner().invoke(
        main,
        ["--home", str(home), "models", "install", "opencv-zoo", "--accept-licence",
         "--from", str(downloads)],
    )  # fmt: skip
    assert done.exit_code == 0, done.output


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with an installed file of a pack, a promoted detector and prepared graphs."""
    folder = tmp_path_factory.mktemp("whole")
    home = folder / "home"
    install_yunet(home, folder / "downloads")
    promote(home, write_bright_detector(folder / "bright"))
    open_engine(home)
    return home


@pytest.fixture
def home(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "home"))


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def only(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


def prepared(home: Path, *, kind: str = "") -> Path:
    """The graph of YuNet or, with `-int8`, the one of SFace on integers."""
    found = sorted((home / "models" / "prepared").glob("*.onnx"), key=lambda p: p.stat().st_size)
    whole = [path for path in found if path.stem.endswith("-int8") == bool(kind)]
    assert whole
    return whole[0]


def seal(home: Path) -> Path:
    graph = prepared(home)
    return only(graph.parent, f"{graph.stem}.*.seal")


FILES: dict[str, Callable[[Path], Path]] = {
    "file of a pack": lambda home: home / "models" / YUNET.file,
    "prepared graph": prepared,
    "prepared graph on integers": lambda home: prepared(home, kind="-int8"),
    "promoted model": lambda home: only(home / "models", "pad/bright-*/bright.onnx"),
    "promoted card": lambda home: only(home / "models", "pad/bright-*/card.json"),
    "pointer": lambda home: pointer_of(home / "models"),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_flipped_byte_stops_the_start_with_the_name_of_the_file(kind: str, home: Path) -> None:
    file = FILES[kind](home)
    flip(file)
    done = run_command(
        *("--home", str(home), "run", "--port", str(free_port())),
        env={"COUNTENANCE_ENGINE_PRECISION": "int8"},
    )
    assert done.returncode == 1
    assert str(file) in done.stderr
    assert "Traceback" not in done.stderr
    assert "ready" not in done.stdout


def test_all_is_well_before_anything_is_altered(home: Path) -> None:
    container = parts(home)
    assert container.pad_in_service.chosen is Chosen.PROMOTED
    assert container.engine.pad.name == "bright/1"
    listed = container.ledger.manifest()
    came = {file.name: file.came for file in listed.files.values()}
    assert {str(kind) for kind in came.values()} == {"installed", "promoted"}
    assert len(came) == 4
    container.identity.close()


def test_a_flipped_seal_of_a_prepared_graph_is_no_licence_to_make_it_again(home: Path) -> None:
    flip(seal(home))
    with pytest.raises(ModelAlteredError, match="seal"):
        open_engine(home)


def test_a_graph_that_is_exchanged_with_a_plain_digest_is_not_believed(home: Path) -> None:
    """As older versions kept them: whoever writes the folder writes both."""
    graph = prepared(home)
    right = graph.read_bytes()
    seal(home).unlink()
    other = right.replace(b"Conv", b"Gemm", 1)
    assert other != right
    graph.write_bytes(other)
    graph.with_suffix(".sha256").write_text(hashlib.sha256(other).hexdigest())
    open_engine(home)
    assert graph.read_bytes() == right


@pytest.mark.parametrize("kind", [k for k in FILES if not k.startswith("prepared")])
def test_a_listed_file_that_is_gone_stops_the_start(kind: str, home: Path) -> None:
    """A pointer that is taken away would otherwise bring the shipped detector back unseen."""
    file = FILES[kind](home)
    file.unlink()
    with pytest.raises(ModelMissingError, match=file.name):
        open_engine(home)
    if kind == "pointer":
        container = parts(home)
        with pytest.raises(ModelMissingError, match=file.name):
            _ = container.pad_in_service
        container.identity.close()


def test_prepared_graphs_that_are_deleted_are_made_again(home: Path) -> None:
    graph = prepared(home)
    before = graph.read_bytes()
    shutil.rmtree(graph.parent)
    open_engine(home)
    assert graph.read_bytes() == before


def test_a_detector_exchanged_whole_with_card_and_pointer_is_refused(
    home: Path, tmp_path: Path
) -> None:
    """All three fit each other; only the manifest knows that nobody promoted them."""
    other = write_bright_detector(tmp_path / "other", middle=1.0)
    assert pointer_of(home / "models").exists()
    put_in_service(install_detector(other, home / "models"), home / "models")
    with pytest.raises(ModelAlteredError, match="in-service"):
        open_engine(home)


def test_another_model_under_the_card_of_the_promoted_one_is_refused(
    home: Path, tmp_path: Path
) -> None:
    card = FILES["promoted card"](home)
    other = write_bright_detector(tmp_path / "other", middle=1.0)
    shutil.copy(other.with_name("bright.onnx"), card.with_name("bright.onnx"))
    values = json.loads(card.read_text())
    values["sha256"] = read_pad_card(other).sha256
    card.write_text(json.dumps(values))
    with pytest.raises(ModelAlteredError):
        open_engine(home)


def test_a_file_of_a_pack_that_nobody_listed_is_not_loaded_and_installing_lists_it(
    home: Path, tmp_path: Path
) -> None:
    (home / "models" / SFACE.file).write_bytes(CARRIED.verified(SFACE))
    with pytest.raises(ModelUnlistedError, match=SFACE.file) as refused:
        open_engine(home)
    assert "countenance models install" in refused.value.remedy
    done = CliRunner().invoke(main, ["--home", str(home), "models", "install", "opencv-zoo"])
    assert done.exit_code == 0, done.output
    open_engine(home)


def execute(home: Path, statement: str, *values: object) -> list[Any]:
    connection = sqlite3.connect(home / "countenance.db")
    try:
        found = connection.execute(statement, values).fetchall()
        connection.commit()
        return found
    finally:
        connection.close()


def manifest_text(home: Path) -> str:
    ((text,),) = execute(home, "SELECT value FROM installation WHERE name = 'models-manifest'")
    return str(text)


WRITE = "UPDATE installation SET value = ? WHERE name = 'models-manifest'"


def test_an_edited_manifest_is_refused(home: Path) -> None:
    """Whoever writes folder and database still lacks the key."""
    file = FILES["file of a pack"](home)
    before = json.loads(manifest_text(home))
    digest = {entry["name"]: entry["sha256"] for entry in json.loads(before["manifest"])["files"]}[
        file.name
    ]
    flip(file)
    edited = before["manifest"].replace(digest, digest_of(file.read_bytes()))
    assert edited != before["manifest"]
    execute(home, WRITE, json.dumps({**before, "manifest": edited}))
    with pytest.raises(ManifestError, match="seal"):
        open_engine(home)


def test_a_start_with_an_edited_manifest_says_what_to_do(home: Path) -> None:
    execute(home, WRITE, "{}")
    done = run_command("--home", str(home), "run", "--port", str(free_port()))
    assert done.returncode == 1
    assert "The manifest of the models was altered" in done.stderr
    assert "countenance models accept" in done.stderr


def test_a_manifest_that_is_gone_is_not_begun_anew(home: Path) -> None:
    execute(home, "DELETE FROM installation WHERE name = 'models-manifest'")
    with pytest.raises(ManifestError, match="gone"):
        open_engine(home)


def test_an_older_manifest_put_back_with_its_files_is_refused(home: Path, tmp_path: Path) -> None:
    old, text = tmp_path / "old", manifest_text(home)
    shutil.copytree(home / "models", old)
    promote(home, write_bright_detector(tmp_path / "better", name="better"))
    open_engine(home)
    shutil.rmtree(home / "models")
    shutil.copytree(old, home / "models")
    execute(home, WRITE, text)
    with pytest.raises(ManifestError, match="not the newest"):
        open_engine(home)


def test_a_forged_row_of_the_trail_does_not_make_an_old_manifest_the_newest(
    home: Path, tmp_path: Path
) -> None:
    text = manifest_text(home)
    ((told,),) = execute(
        home, "SELECT details FROM audit WHERE tag LIKE 'system:models:%' ORDER BY id DESC LIMIT 1"
    )
    promote(home, write_bright_detector(tmp_path / "better", name="better"))
    execute(home, WRITE, text)
    execute(
        home,
        "INSERT INTO audit (at, tag, address, details, number, mac)"
        " SELECT at, 'system:models:listed', '', ?, max(number) + 1, mac FROM audit",
        told,
    )
    with pytest.raises(ManifestError, match="trail"):
        open_engine(home)


def test_accepting_what_is_there_is_written_down_and_opens_the_door_again(home: Path) -> None:
    execute(home, "DELETE FROM installation WHERE name = 'models-manifest'")
    (home / "models" / "stray.onnx").write_bytes(b"stray")
    done = CliRunner().invoke(main, ["--home", str(home), "models", "accept", "--yes", "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert len(told["files"]) == 4
    open_engine(home)
    container = parts(home)
    (event,) = container.identity.audit.list_events(tags=(Tag.MODELS_ACCEPTED,))
    assert event.details["serial"] == str(told["serial"])
    assert YUNET.file in event.details["files"]
    assert container.identity.trail.verify().is_intact
    container.identity.close()


def test_verify_and_doctor_tell_what_is_wrong(home: Path) -> None:
    (home / "models" / "stray.onnx").write_bytes(b"stray")
    told = json.loads(_models(home, "verify", "--json", code=0))
    assert (told["intact"], told["manifest"]["problem"]) == (True, None)
    assert told["manifest"]["unlisted"] == ["stray.onnx"]
    file = FILES["promoted card"](home)
    file.write_text(file.read_text() + " ")
    assert str(file) in _models(home, "verify", code=1)
    told = CliRunner().invoke(main, ["--home", str(home), "doctor", "--json"])
    failed = [f for f in json.loads(told.stdout)["findings"] if f["health"] == "fail"]
    assert any(str(file) in finding["found"] for finding in failed)


def _models(home: Path, *words: str, code: int) -> str:
    done = CliRunner().invoke(main, ["--home", str(home), "models", *words])
    assert done.exit_code == code, done.output
    return done.output


def test_a_rotated_key_seals_the_manifest_anew_and_prepared_graphs_are_made_again(
    home: Path,
) -> None:
    old_seal, text = seal(home), manifest_text(home)
    rotate_keys(settings_of(home), clock=ManualClock())
    assert manifest_text(home) != text
    open_engine(home)
    assert len(list(old_seal.parent.glob(f"{prepared(home).stem}.*.seal"))) == 2
    execute(home, WRITE, text)  # sealed with the key that somebody may have learnt
    with pytest.raises(ManifestError, match="seal"):
        open_engine(home)


def test_demotion_takes_the_detector_off_the_list_and_promotion_puts_it_back(
    home: Path, tmp_path: Path
) -> None:
    container = parts(home)
    take_out_of_service(home / "models", ledger=container.ledger)
    assert set(container.ledger.manifest().files) == {YUNET.file}
    container.identity.close()
    open_engine(home)
    promote(home, write_bright_detector(tmp_path / "again"))
    open_engine(home)
    # What a file of the first time says after it was demoted counts for nothing.
    container = parts(home)
    take_out_of_service(home / "models", ledger=container.ledger)
    container.identity.close()
    card = only(home / "models", "pad/bright-*/card.json")
    put_in_service(card, home / "models")
    with pytest.raises(ModelUnlistedError):
        open_engine(home)


def test_removing_a_pack_takes_its_files_off_the_list(home: Path) -> None:
    container = parts(home)
    ModelStore(home / "models", ledger=container.ledger).remove(YUNET)
    assert YUNET.file not in container.ledger.manifest().files
    assert not list((home / "models" / "prepared").glob(f"{prepared(home).stem}.sha256"))
    container.identity.close()
    open_engine(home)


def test_a_backup_carries_the_manifest_and_tells_what_has_to_be_installed_again(
    home: Path, tmp_path: Path
) -> None:
    archive, other = tmp_path / "door.zip", tmp_path / "other"
    done = CliRunner().invoke(main, ["--home", str(home), "backup", str(archive)])
    assert done.exit_code == 0, done.output
    key = home / "keys" / "master.key"
    done = CliRunner().invoke(
        main, ["--home", str(other), "restore", str(archive), "--key-file", str(key), "--json"]
    )
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["missing_models"] == [YUNET.file]
    container = parts(other)
    assert container.engine.pad.name == "bright/1"
    container.identity.close()
    flip(FILES["promoted model"](other))
    with pytest.raises(ModelAlteredError, match=r"bright\.onnx"):
        open_engine(other)


@pytest.fixture
def earlier(home: Path) -> Path:
    """The home as a version without manifests left it."""
    execute(home, "DELETE FROM installation WHERE name = 'models-manifest'")
    execute(home, "DELETE FROM installation WHERE name = 'audit-head'")
    for trigger in ("audit_rows_stay", "audit_rows_remain"):
        execute(home, f"DROP TRIGGER {trigger}")
    execute(home, "DELETE FROM audit WHERE tag LIKE 'system:models:%'")
    execute(home, "UPDATE audit SET number = NULL, mac = NULL")
    for path in (home / "models" / "prepared").glob("*.seal"):
        path.unlink()
    return home


def test_an_installation_from_before_is_listed_at_its_first_start_and_the_trail_tells(
    earlier: Path,
) -> None:
    open_engine(earlier)
    container = parts(earlier)
    (event,) = container.identity.audit.list_events(tags=(Tag.MODELS_ADOPTED,))
    assert YUNET.file in event.details["files"]
    assert {str(f.came) for f in container.ledger.manifest().files.values()} == {"found"}
    container.identity.close()
    flip(FILES["promoted model"](earlier))
    with pytest.raises(ModelAlteredError):
        open_engine(earlier)


def test_a_detector_that_the_trail_does_not_tell_of_is_not_listed_by_a_first_start(
    earlier: Path, tmp_path: Path
) -> None:
    other = write_bright_detector(tmp_path / "other", middle=1.0)
    put_in_service(install_detector(other, earlier / "models"), earlier / "models")
    with pytest.raises(ModelUnlistedError, match="audit trail"):
        open_engine(earlier)
    assert CliRunner().invoke(main, ["--home", str(earlier), "pad", "demote"]).exit_code == 0
    open_engine(earlier)


def test_a_new_installation_lists_nothing_and_needs_nothing(tmp_path: Path) -> None:
    open_engine(tmp_path / "new")
    container = parts(tmp_path / "new")
    assert container.ledger.manifest().serial == 0
    assert not container.identity.audit.list_events(tags=tuple(Tag), limit=10)
    container.identity.close()


PROMOTE = """
import os, signal, sys
from pathlib import Path
from countenance.vision import pad_service
from countenance.vision.ledger import ModelLedger
from tests.integration.test_models_manifest import promote

home, card, moment = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]

def die(*_words, **_more):
    os.kill(os.getpid(), signal.SIGKILL)

if moment == "files":
    pad_service.put_in_service.__globals__["promoted_files"] = die
elif moment == "list":
    import countenance.identity.model_manifest as book
    book.note = die  # inside of the transaction that lists it
promote(home, card)
"""


@pytest.mark.parametrize("moment", ["files", "list"])
def test_killed_between_placing_and_listing_the_start_refuses_and_demotion_mends(
    moment: str, home: Path, tmp_path: Path
) -> None:
    text = manifest_text(home)
    card = write_bright_detector(tmp_path / "better", name="better")
    ran = subprocess.run(
        [sys.executable, "-c", PROMOTE, str(home), str(card), moment],
        env={**clean_environment(), "PYTHONPATH": str(Path(__file__).parents[2])},
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert ran.returncode == -signal.SIGKILL, ran.stderr
    assert manifest_text(home) == text
    with pytest.raises(ModelAlteredError, match="in-service") as refused:
        open_engine(home)
    assert "pad demote" in refused.value.remedy
    assert CliRunner().invoke(main, ["--home", str(home), "pad", "demote"]).exit_code == 0
    open_engine(home)


def test_killed_while_a_graph_is_kept_it_is_made_again(home: Path) -> None:
    """The seal goes first and comes last: what lies there in between is no graph of ours."""
    graph, right = prepared(home), prepared(home).read_bytes()
    seal(home).unlink()
    graph.write_bytes(right[: len(right) // 2])
    open_engine(home)
    assert graph.read_bytes() == right


def test_a_shipped_card_that_is_altered_is_named(tmp_path: Path) -> None:
    """In a copy of the package, run as a program."""
    source = Path(shipped_pad_card()).parents[2]
    copy = tmp_path / "site" / "countenance"
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
    card = copy / "vision" / "weights" / "sface.json"
    card.write_text(card.read_text().replace('"threshold": 0', '"threshold": -0', 1))
    done = subprocess.run(
        command("--home", str(tmp_path / "home"), "models", "verify"),
        env={**clean_environment(), "PYTHONPATH": str(copy.parent)},
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert str(card) in done.stderr
    assert "Install the package again" in done.stderr


def test_errors_of_the_manifest_are_errors_of_ours() -> None:
    for kind in (ManifestError, ModelUnlistedError):
        assert issubclass(kind, CountenanceError)
        assert kind.code.startswith("vision.")
        assert os.linesep not in kind.code
