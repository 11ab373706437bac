"""The master key: made once, kept private, never replaced in silence."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from countenance.clock import ManualClock
from countenance.db import open_database
from countenance.errors import ConfigurationError
from countenance.identity.errors import StorageError
from countenance.identity.keys import KEY_BYTES, derive, open_keys
from countenance.identity.schema import upgrade
from countenance.identity.store import Store

CHECK_OF_THE_FIRST_VERSION = "c2c8ffa2cd13ce351bc37b23e7fb140359e47cb745379ece8704ebb767277983"
"""Of the master key 00 01 02 ... 1f; computed with hmac of the standard library."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    database = open_database(f"sqlite:///{tmp_path / 'test.db'}")
    upgrade(database)
    yield Store(database, ManualClock())
    database.close()


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "master.key"


def test_the_first_start_makes_a_private_key(store: Store, tmp_path: Path, key_file: Path) -> None:
    keys = open_keys(store, home=tmp_path, configured=None)
    assert len(bytes.fromhex(key_file.read_text())) == KEY_BYTES
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(key_file.parent.stat().st_mode) == 0o700
    assert [path.name for path in key_file.parent.iterdir()] == ["master.key"]
    assert open_keys(store, home=tmp_path, configured=None) == keys


def test_a_key_of_the_settings_needs_no_file(store: Store, tmp_path: Path, key_file: Path) -> None:
    keys = open_keys(store, home=tmp_path, configured="0f" * 32)
    assert keys == derive(bytes.fromhex("0f" * 32))
    assert not key_file.exists()


def test_keys_of_a_master_key_differ_by_use_and_do_not_change() -> None:
    keys = derive(bytes(range(32)))
    assert len({keys.wrapping, keys.login_codes, bytes.fromhex(keys.check)}) == 3
    assert derive(bytes(range(32))) == keys
    # HKDF-SHA-256 of this version: a change would lock every installation out of its templates.
    assert keys.check == CHECK_OF_THE_FIRST_VERSION
    assert keys != derive(bytes(range(1, 33)))


def test_a_key_does_not_show_itself() -> None:
    keys = derive(bytes(32))
    assert keys.wrapping.hex() not in repr(keys)
    assert "wrapping" not in repr(keys)


@pytest.mark.parametrize("text", ["", "zz", "0f" * 31, "0f" * 33, "ü" * 32, "0x" + "0f" * 31])
def test_a_malformed_key_stops_the_start_and_stays(
    store: Store, tmp_path: Path, key_file: Path, text: str
) -> None:
    key_file.parent.mkdir()
    key_file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="64 hex digits"):
        open_keys(store, home=tmp_path, configured=None)
    assert key_file.read_text(encoding="utf-8") == text


def test_a_malformed_key_is_not_repeated_in_the_message(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_keys(store, home=tmp_path, configured="nearly-a-key")
    assert "nearly" not in str(caught.value)


def test_a_lost_key_is_told_and_not_replaced(store: Store, tmp_path: Path, key_file: Path) -> None:
    open_keys(store, home=tmp_path, configured=None)
    key_file.unlink()
    with pytest.raises(ConfigurationError, match="missing"):
        open_keys(store, home=tmp_path, configured=None)
    assert not key_file.exists()


def test_a_foreign_key_is_told(store: Store, tmp_path: Path) -> None:
    open_keys(store, home=tmp_path, configured="0f" * 32)
    with pytest.raises(ConfigurationError, match="not the one"):
        open_keys(store, home=tmp_path, configured="f0" * 32)


def test_a_start_that_ends_midway_leaves_a_key_that_the_next_one_takes(
    store: Store, tmp_path: Path, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("countenance.identity.keys._store_check", _fail)
    with pytest.raises(StorageError):
        open_keys(store, home=tmp_path, configured=None)
    monkeypatch.undo()
    made = key_file.read_text()
    assert open_keys(store, home=tmp_path, configured=None) == derive(bytes.fromhex(made))


def test_a_key_that_cannot_be_written_leaves_nothing_behind(
    store: Store, tmp_path: Path, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        open_keys(store, home=tmp_path, configured=None)
    assert list(key_file.parent.iterdir()) == []


def _fail(*_: object) -> str:
    raise StorageError("The database is full.")
