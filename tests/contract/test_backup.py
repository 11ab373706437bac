"""A backup brings an installation back, to the same database or to the other kind."""

from __future__ import annotations

import json
import stat
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from countenance.biometrics.templates import Template
from countenance.clock import ManualClock
from countenance.errors import ConfigurationError
from countenance.events import Tag
from countenance.identity.backup import make_backup
from countenance.identity.backup_restore import restore_backup
from countenance.identity.errors import BackupError, StorageError
from countenance.identity.interfaces import User
from countenance.identity.services import Identity
from countenance.settings import Settings
from tests.contract.support import PASSWORD, add_viewer, all_rows, execute

Open = Callable[..., Identity]


@pytest.fixture
def archive(
    tmp_path: Path,
    settings: Settings,
    clock: ManualClock,
    identity: Identity,
    admin: User,
    template: Template,
) -> Path:
    """Of an installation with two people, a face, codes and a promoted detector."""
    other = add_viewer(identity, "zoë", display_name="Zoë Ω", actor=admin)
    identity.vault.store(other.id, template, actor=admin.id)
    identity.recovery_codes.make(other.id)
    detector = settings.home / "models" / "pad" / "one" / "card.json"
    detector.parent.mkdir(parents=True)
    detector.write_text("{}")
    path = tmp_path / "backups" / "door.zip"
    path.parent.mkdir()
    make_backup(path, settings, clock=clock)
    return path


def test_a_backup_brings_back_every_row(
    archive: Path, settings: Settings, identity: Identity, database_url: str, open_another: Open
) -> None:
    before = sorted(all_rows(database_url))
    add_viewer(identity, "later")
    (settings.home / "models" / "pad" / "one" / "card.json").write_text("changed")
    identity.close()

    restored = restore_backup(archive, settings, may_replace=True)

    assert sorted(all_rows(database_url)) == before
    assert restored.rows == len([row for row in before if row[0] != "alembic_version"])
    assert (settings.home / "models" / "pad" / "one" / "card.json").read_text() == "{}"
    after = open_another()
    assert after.passwords.verify(name="ada", password=PASSWORD) is not None
    zoe = after.passwords.verify(name="zoë", password=PASSWORD)
    assert zoe is not None
    assert after.vault.load(zoe.id) is not None
    add_viewer(after, "new")  # counters go on where they were
    assert len(after.audit.list_events(limit=1)) == 1


def test_a_backup_restores_to_the_other_kind_of_database(
    archive: Path, settings: Settings, template: Template, tmp_path: Path, open_another: Open
) -> None:
    """SQLite's and PostgreSQL's backups both come up on SQLite in a new home."""
    home = tmp_path / "elsewhere"
    home.mkdir()
    moved = replace(settings, home=home, database_url=f"sqlite:///{home / 'countenance.db'}")
    key = settings.home / "keys" / "master.key"
    restore_backup(archive, moved, key_file=key)

    after = open_another(home=home, database_url=moved.database_url)
    zoe = after.passwords.verify(name="zoë", password=PASSWORD)
    assert zoe is not None
    assert zoe.display_name == "Zoë Ω"
    kept = after.vault.load(zoe.id)
    assert kept is not None
    assert kept.to_bytes() == template.to_bytes()
    assert stat.S_IMODE((home / "countenance.db").stat().st_mode) == 0o600
    assert stat.S_IMODE((home / "keys" / "master.key").stat().st_mode) == 0o600


def test_a_backup_is_private_and_holds_neither_key_nor_face(
    archive: Path, settings: Settings, template: Template
) -> None:
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    key = (settings.home / "keys" / "master.key").read_text().strip()
    with zipfile.ZipFile(archive) as members:
        content = b"".join(members.read(name) for name in members.namelist())
    assert key.encode() not in content
    assert bytes.fromhex(key) not in content
    assert template.samples[0].tobytes() not in content
    assert PASSWORD.encode() not in content


def test_people_are_not_replaced_unasked(
    archive: Path, settings: Settings, database_url: str
) -> None:
    before = sorted(all_rows(database_url))
    with pytest.raises(BackupError, match="has people"):
        restore_backup(archive, settings)
    assert sorted(all_rows(database_url)) == before


def test_another_master_key_is_refused_before_anything_changes(
    archive: Path, settings: Settings, tmp_path: Path, database_url: str
) -> None:
    before = sorted(all_rows(database_url))
    foreign = tmp_path / "foreign.key"
    foreign.write_text("0f" * 32)
    with pytest.raises(ConfigurationError, match="not the master key"):
        restore_backup(archive, settings, key_file=foreign, may_replace=True)
    with pytest.raises(ConfigurationError, match="COUNTENANCE_MASTER_KEY is not"):
        restore_backup(archive, replace(settings, master_key="0f" * 32), may_replace=True)
    with pytest.raises(ConfigurationError, match="no master key"):
        restore_backup(archive, replace(settings, home=tmp_path / "empty"), may_replace=True)
    assert sorted(all_rows(database_url)) == before


def _altered(archive: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """A copy whose members went through a change; None leaves one out."""
    copy = archive.with_name("altered.zip")
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(copy, "w") as target:
        for name in source.namelist():
            if (content := change(name, source.read(name))) is not None:
                target.writestr(name, content)
    return copy


def _manifest(archive: Path, **changes: object) -> Path:
    def change(name: str, content: bytes) -> bytes:
        return (
            json.dumps(json.loads(content) | changes).encode()
            if name == "manifest.json"
            else content
        )

    return _altered(archive, change)


def test_a_damaged_backup_changes_nothing(
    archive: Path, settings: Settings, database_url: str
) -> None:
    before = sorted(all_rows(database_url))
    whole = archive.read_bytes()
    users = "tables/users.jsonl"
    cut = archive.with_name("cut.zip")
    cut.write_bytes(whole[: len(whole) // 2])
    empty = archive.with_name("empty.zip")
    empty.write_bytes(b"")
    flipped = archive.with_name("flipped.zip")
    middle = whole.index(users.encode()) + len(users) + 40
    flipped.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    outside = json.loads(zipfile.ZipFile(archive).read("manifest.json"))["members"]
    outside["files/../../evil"] = {"sha256": "0" * 64, "size": 0, "rows": 0}
    for bad, why in (
        (cut, "no whole archive"),
        (empty, "no whole archive"),
        (flipped, "no whole archive|was altered"),
        (_altered(archive, lambda n, c: c.replace(b"ada", b"bob") if n == users else c), "altered"),
        (archive.with_name("missing.zip"), "cannot be read"),
        (archive.parent, "cannot be read"),
    ):
        with pytest.raises(BackupError, match=why):
            restore_backup(bad, settings, may_replace=True)
    for changes, why in (
        ({"format": "countenance-backup/9"}, "its format is"),
        ({"schema": "9999"}, "does not know"),
        ({"members": outside}, "outside of the home directory"),
        ({"members": {}}, "not those of its manifest"),
    ):
        with pytest.raises(BackupError, match=why):
            restore_backup(_manifest(archive, **changes), settings, may_replace=True)
    assert sorted(all_rows(database_url)) == before


def test_a_row_that_points_nowhere_changes_nothing(
    archive: Path, settings: Settings, database_url: str, identity: Identity
) -> None:
    """As after somebody cut rows out of an archive and made the digests fit."""
    before = sorted(all_rows(database_url))
    manifest = json.loads(zipfile.ZipFile(archive).read("manifest.json"))
    name = "tables/users.jsonl"
    manifest["members"][name] = {
        "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "size": 0, "rows": 0,
    }  # fmt: skip

    def change(member: str, content: bytes) -> bytes:
        if member == "manifest.json":
            return json.dumps(manifest).encode()
        return b"" if member == name else content

    with pytest.raises(BackupError, match="contradicts itself"):
        restore_backup(_altered(archive, change), settings, may_replace=True)
    identity.close()
    assert sorted(all_rows(database_url)) == before


def test_a_database_in_use_is_not_pulled_away(
    archive: Path, settings: Settings, identity: Identity, database_url: str
) -> None:
    if not database_url.startswith("sqlite"):
        pytest.skip("PostgreSQL waits for whoever uses it")
    with identity._database.reading() as session:
        session.connection().exec_driver_sql("SELECT count(*) FROM users").fetchone()
        with pytest.raises(StorageError, match="in use"):
            restore_backup(archive, settings, may_replace=True)
    assert list(settings.home.glob(".*restoring*")) == []
    assert identity.passwords.verify(name="ada", password=PASSWORD) is not None


def test_a_full_disk_leaves_no_backup_behind(
    archive: Path, settings: Settings, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = archive.read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        make_backup(archive, settings, clock=clock)
    monkeypatch.undo()
    assert archive.read_bytes() == whole
    assert [path.name for path in archive.parent.iterdir()] == [archive.name]


def test_an_installation_without_a_database_has_nothing_to_back_up(
    tmp_path: Path, clock: ManualClock
) -> None:
    home = tmp_path / "new"
    home.mkdir()
    settings = Settings(home=home, database_url=f"sqlite:///{home / 'countenance.db'}")
    with pytest.raises(ConfigurationError, match="no database"):
        make_backup(tmp_path / "nothing.zip", settings, clock=clock)
    assert not (tmp_path / "nothing.zip").exists()


def test_the_trail_of_the_copy_is_that_of_the_original(
    archive: Path, settings: Settings, identity: Identity, open_another: Open, database_url: str
) -> None:
    told = [event.tag for event in identity.audit.list_events()]
    execute(database_url, "DELETE FROM login_codes")
    identity.close()
    restore_backup(archive, settings, may_replace=True)
    assert [event.tag for event in open_another().audit.list_events()] == told
    assert Tag.FACE_ENROLLED in told
