"""Templates at rest: what holds on every database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from countenance.biometrics.templates import Template
from countenance.clock import ManualClock
from countenance.db import open_database
from countenance.errors import ConfigurationError
from countenance.identity.errors import TemplateUnreadableError, UserNotFoundError
from countenance.identity.interfaces import FaceSummary, User, UserId
from countenance.identity.services import Identity
from tests.contract.support import add_viewer, all_rows, execute

BLOBS = [
    ("templates", "ciphertext"),
    ("templates", "nonce"),
    ("template_keys", "wrapped_key"),
    ("template_keys", "nonce"),
]


def other_template(seed: int = 11, pack: str = "opencv-zoo/1") -> Template:
    rows = np.random.default_rng(seed).normal(size=(2, 128))
    samples = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return Template(samples.astype(np.float32), pack)


def test_a_template_comes_back_as_it_was(
    identity: Identity, admin: User, template: Template, clock: ManualClock
) -> None:
    assert identity.vault.load(admin.id) is None
    identity.vault.store(admin.id, template, actor=admin.id)
    loaded = identity.vault.load(admin.id)
    assert loaded is not None
    assert loaded.pack == template.pack
    np.testing.assert_array_equal(loaded.samples, template.samples)
    assert identity.users.get(admin.id).face == FaceSummary(3, "opencv-zoo/1", clock.now())


def test_a_new_template_takes_the_place_of_the_old_one(
    identity: Identity, admin: User, template: Template, database_url: str
) -> None:
    identity.vault.store(admin.id, template, actor=None)
    before = {row for table, row in all_rows(database_url) if table == "template_keys"}
    identity.vault.store(admin.id, other_template(), actor=None)
    loaded = identity.vault.load(admin.id)
    assert loaded is not None
    np.testing.assert_array_equal(loaded.samples, other_template().samples)
    after = {row for table, row in all_rows(database_url) if table == "template_keys"}
    assert len(after) == 1
    assert not before & after  # a data key of its own


def test_erasing_drops_template_and_key(
    identity: Identity, admin: User, template: Template, database_url: str
) -> None:
    assert not identity.vault.erase(admin.id, actor=None)
    identity.vault.store(admin.id, template, actor=None)
    assert identity.vault.erase(admin.id, actor=None)
    assert identity.vault.load(admin.id) is None
    assert identity.users.get(admin.id).face is None
    assert not {t for t, _ in all_rows(database_url)} & {"templates", "template_keys"}


def test_nobody_has_no_template(identity: Identity, template: Template) -> None:
    with pytest.raises(UserNotFoundError):
        identity.vault.store(UserId("nobody"), template, actor=None)
    assert identity.vault.load(UserId("nobody")) is None
    assert not identity.vault.erase(UserId("nobody"), actor=None)


@pytest.mark.parametrize(("table", "column"), BLOBS)
def test_a_changed_byte_is_noticed(
    identity: Identity,
    admin: User,
    template: Template,
    database_url: str,
    table: str,
    column: str,
) -> None:
    identity.vault.store(admin.id, template, actor=None)
    blob = bytearray(_blobs(database_url, table, column)[admin.id])
    blob[len(blob) // 2] ^= 1
    _put(database_url, table, column, admin.id, bytes(blob))
    with pytest.raises(TemplateUnreadableError, match=admin.id):
        identity.vault.load(admin.id)


@pytest.mark.parametrize("damage", [b"", b"\0", b"x" * 11, b"x" * 4000])
@pytest.mark.parametrize(("table", "column"), BLOBS)
def test_a_blob_of_another_length_is_noticed(
    identity: Identity,
    admin: User,
    template: Template,
    database_url: str,
    table: str,
    column: str,
    damage: bytes,
) -> None:
    identity.vault.store(admin.id, template, actor=None)
    _put(database_url, table, column, admin.id, damage)
    with pytest.raises(TemplateUnreadableError):
        identity.vault.load(admin.id)


def test_a_template_does_not_open_in_the_row_of_another_user(
    identity: Identity, admin: User, template: Template, database_url: str
) -> None:
    bob = add_viewer(identity, "bob", actor=admin)
    identity.vault.store(admin.id, template, actor=None)
    identity.vault.store(bob.id, other_template(), actor=None)
    _swap(database_url, "templates", ("nonce", "ciphertext"))
    with pytest.raises(TemplateUnreadableError):
        identity.vault.load(admin.id)
    _swap(database_url, "template_keys", ("nonce", "wrapped_key"))
    for user in (admin, bob):  # key and template moved together do not open either
        with pytest.raises(TemplateUnreadableError):
            identity.vault.load(user.id)


def test_a_template_does_not_open_as_one_of_another_pack(
    identity: Identity, admin: User, template: Template, database_url: str
) -> None:
    identity.vault.store(admin.id, template, actor=None)
    execute(database_url, "UPDATE templates SET pack = 'other/1'")
    with pytest.raises(TemplateUnreadableError):
        identity.vault.load(admin.id)


def test_a_template_without_its_key_is_unreadable_not_absent(
    identity: Identity, admin: User, template: Template, database_url: str
) -> None:
    identity.vault.store(admin.id, template, actor=None)
    execute(database_url, "DELETE FROM template_keys")
    with pytest.raises(TemplateUnreadableError):
        identity.vault.load(admin.id)


def test_the_rows_hold_no_part_of_the_template(
    identity: Identity, admin: User, template: Template, database_url: str
) -> None:
    identity.vault.store(admin.id, template, actor=None)
    stored = b"".join(_blobs(database_url, table, column)[admin.id] for table, column in BLOBS)
    data = template.samples.tobytes()
    assert not any(data[at : at + 4] in stored for at in range(0, len(data), 4))
    assert b"CTPL" not in stored


def test_a_missing_master_key_stops_the_start_and_makes_no_new_one(
    identity: Identity,
    admin: User,
    template: Template,
    open_another: Callable[..., Identity],
    tmp_path: Path,
) -> None:
    identity.vault.store(admin.id, template, actor=None)
    path = tmp_path / "keys" / "master.key"
    kept = path.read_text()
    path.unlink()
    with pytest.raises(ConfigurationError, match=r"master\.key is missing.*Put back"):
        open_another()
    assert not path.exists()
    path.write_text(kept)
    assert open_another().vault.load(admin.id) is not None


def test_another_master_key_stops_the_start(
    identity: Identity, admin: User, open_another: Callable[..., Identity], tmp_path: Path
) -> None:
    assert identity.users.get(admin.id)
    with pytest.raises(ConfigurationError, match="not the one"):
        open_another(master_key="ab" * 32)
    same = (tmp_path / "keys" / "master.key").read_text()
    assert open_another(master_key=same).users.get(admin.id) == admin


def _blobs(url: str, table: str, column: str) -> dict[str, bytes]:
    """What a column holds, by user id."""
    database = open_database(url)
    try:
        with database.connection() as connection:
            rows = connection.exec_driver_sql(f"SELECT user_id, {column} FROM {table}")  # noqa: S608
            return {user_id: bytes(value) for user_id, value in rows}
    finally:
        database.close()


def _put(url: str, table: str, column: str, user_id: str, blob: bytes) -> None:
    statement = f"UPDATE {table} SET {column} = :blob WHERE user_id = :user_id"  # noqa: S608
    assert execute(url, statement, blob=blob, user_id=user_id) == 1


def _swap(url: str, table: str, columns: tuple[str, ...]) -> None:
    """Exchange the contents of the rows of two users."""
    for column in columns:
        (one, first), (other, second) = _blobs(url, table, column).items()
        _put(url, table, column, one, second)
        _put(url, table, column, other, first)
