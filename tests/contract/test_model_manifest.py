"""The manifest of the models changes with its row in the trail, on both databases."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from countenance.clock import ManualClock
from countenance.events import Tag
from countenance.identity.errors import StorageError
from countenance.identity.key_rotation import rotate_keys
from countenance.identity.services import Identity
from countenance.settings import Settings
from countenance.vision.errors import (
    ManifestError,
    ModelAlteredError,
    ModelMissingError,
    ModelUnlistedError,
)
from countenance.vision.ledger import ModelLedger
from countenance.vision.manifest import Came, ListedFile
from tests.contract.support import execute

Open = Callable[..., Identity]


def ledger_of(identity: Identity, folder: Path, found: Sequence[ListedFile] = ()) -> ModelLedger:
    def find(_promoted: str | None) -> Iterator[ListedFile]:
        yield from found

    return ModelLedger(folder, book=lambda: identity.manifest_book, find=find)


def put(ledger: ModelLedger, folder: Path, name: str, content: bytes) -> ListedFile:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return ledger.listed(path, content, belongs_to="pack", came=Came.INSTALLED)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "models"


def test_what_is_listed_is_checked_and_another_process_knows_it(
    identity: Identity, open_another: Open, folder: Path
) -> None:
    ledger = ledger_of(identity, folder)
    ledger.record([put(ledger, folder, "a.onnx", b"one"), put(ledger, folder, "pad/b", b"two")])
    other = ledger_of(open_another(), folder)
    assert other.check_all().serial == 1
    other.check(folder / "a.onnx", b"one")
    other.check(folder.parent / "elsewhere.onnx", b"anything")
    with pytest.raises(ModelAlteredError, match=r"a\.onnx"):
        other.check(folder / "a.onnx", b"other")
    with pytest.raises(ModelUnlistedError, match=r"c\.onnx"):
        other.check(folder / "c.onnx", b"one")
    with pytest.raises(ModelUnlistedError, match=r"b"):
        other.check(folder / "a.onnx" / ".." / "pad" / "b", b"two")  # no way around the name


def test_a_listed_file_is_looked_at_whether_or_not_anything_loads_it(
    identity: Identity, folder: Path
) -> None:
    ledger = ledger_of(identity, folder)
    ledger.record([put(ledger, folder, name, b"one") for name in ("a.onnx", "b.onnx")])
    assert len(ledger.check_all().files) == 2
    (folder / "b.onnx").write_bytes(b"two")
    with pytest.raises(ModelAlteredError, match=r"b\.onnx"):
        ledger.check_all()
    (folder / "b.onnx").unlink()
    with pytest.raises(ModelMissingError, match=r"b\.onnx"):
        ledger.check_all()
    assert ledger.forget_missing() == ("b.onnx",)
    assert set(ledger.check_all().files) == {"a.onnx"}


def test_listing_the_same_again_changes_nothing(identity: Identity, folder: Path) -> None:
    ledger = ledger_of(identity, folder)
    files = [put(ledger, folder, "a.onnx", b"one")]
    ledger.record(files)
    ledger.record(files)
    assert ledger.manifest().serial == 1
    assert len(identity.audit.list_events(tags=(Tag.MODELS_LISTED,))) == 1


def test_two_that_list_at_once_lose_nothing(
    identity: Identity, open_another: Open, folder: Path
) -> None:
    ledgers = [ledger_of(opened, folder) for opened in (identity, open_another())]
    files = [
        [put(led, folder, f"{k}-{n}", b"x") for n in range(4)] for k, led in enumerate(ledgers)
    ]
    gate = threading.Barrier(2)

    def work(ledger: ModelLedger, mine: list[ListedFile]) -> None:
        gate.wait()
        for file in mine:
            ledger.record([file])

    threads = [
        threading.Thread(target=work, args=pair) for pair in zip(ledgers, files, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    manifest = ledgers[0].manifest()
    assert (len(manifest.files), manifest.serial) == (8, 8)
    assert identity.trail.verify().is_intact


def test_a_rotation_seals_it_anew_and_a_server_with_the_old_key_is_told_to_restart(
    identity: Identity, settings: Settings, clock: ManualClock, open_another: Open, folder: Path
) -> None:
    ledger = ledger_of(identity, folder)
    ledger.record([put(ledger, folder, "a.onnx", b"one")])
    rotate_keys(settings, clock=clock)
    after = ledger_of(open_another(), folder)
    assert after.check_all().serial == 1
    assert after.key_id != ledger.key_id
    with pytest.raises(StorageError, match="replaced"):
        ledger.check(folder / "a.onnx", b"one")
    with pytest.raises(StorageError, match="replaced"):
        ledger.forget([folder / "a.onnx"])


def test_a_rotation_does_not_lend_its_seal_to_a_manifest_that_was_altered(
    identity: Identity,
    settings: Settings,
    clock: ManualClock,
    open_another: Open,
    folder: Path,
    database_url: str,
) -> None:
    ledger = ledger_of(identity, folder)
    ledger.record([put(ledger, folder, "a.onnx", b"one")])
    right = hashlib.sha256(b"one").hexdigest()
    wrong = hashlib.sha256(b"other").hexdigest()
    changed = execute(
        database_url,
        "UPDATE installation SET value = replace(value, :right, :wrong)"
        " WHERE name = 'models-manifest'",
        right=right,
        wrong=wrong,
    )
    assert changed == 1
    rotate_keys(settings, clock=clock)
    with pytest.raises(ManifestError, match="seal"):
        ledger_of(open_another(), folder).check_all()


def test_a_first_start_lists_what_it_finds_once(
    identity: Identity, open_another: Open, folder: Path
) -> None:
    found = [put(ledger_of(identity, folder), folder, "a.onnx", b"one")]
    for opened in (identity, open_another()):
        assert ledger_of(opened, folder, found).manifest().serial == 1
    (event,) = identity.audit.list_events(tags=(Tag.MODELS_ADOPTED,))
    assert event.details["files"] == "a.onnx"


def test_after_everything_was_taken_off_nothing_is_found_anew(
    identity: Identity, folder: Path
) -> None:
    ledger = ledger_of(identity, folder)
    file = put(ledger, folder, "pad/x/a.onnx", b"one")
    ledger.record([file])
    ledger.forget([folder / "pad"])
    later = ledger_of(identity, folder, [file])
    assert (later.manifest().serial, dict(later.manifest().files)) == (2, {})


@pytest.mark.parametrize("promoted", [True, False])
def test_the_trail_tells_which_detector_was_promoted(identity: Identity, promoted: bool) -> None:
    assert identity.manifest_book.promoted_sha256() is None
    identity.audit.append(Tag.DETECTOR_PROMOTED, details={"sha256": "a" * 64})
    if not promoted:
        identity.audit.append(Tag.DETECTOR_DEMOTED)
    assert identity.manifest_book.promoted_sha256() == ("a" * 64 if promoted else None)
