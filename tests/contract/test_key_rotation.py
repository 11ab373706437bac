"""The master key is replaced in one step, whatever happens in between."""

from __future__ import annotations

import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyotp
import pytest

from countenance.biometrics.templates import Template
from countenance.clock import ManualClock
from countenance.errors import ConfigurationError
from countenance.events import Tag
from countenance.identity import key_rotation
from countenance.identity.errors import StorageError
from countenance.identity.factor_interfaces import CodeOutcome
from countenance.identity.interfaces import User
from countenance.identity.key_rotation import rotate_keys
from countenance.identity.keys import next_key_path
from countenance.identity.services import Identity
from countenance.settings import Settings
from tests.contract.support import add_viewer, execute

Open = Callable[..., Identity]


@pytest.fixture
def key_file(settings: Settings) -> Path:
    return settings.home / "keys" / "master.key"


def test_everything_opens_under_the_new_key_and_nothing_under_the_old(
    settings: Settings,
    clock: ManualClock,
    identity: Identity,
    admin: User,
    template: Template,
    open_another: Open,
    key_file: Path,
) -> None:
    identity.vault.store(admin.id, template, actor=None)
    secret = identity.authenticator_apps.begin(admin.id)
    assert identity.authenticator_apps.confirm(admin.id, _code(secret, clock))
    codes = identity.recovery_codes.make(admin.id)
    login_code = identity.login_codes.issue(admin.id, actor=None)
    old_key = key_file.read_text()

    done = rotate_keys(settings, clock=clock)

    assert (done.templates, done.secrets, done.unreadable) == (1, 1, 0)
    assert key_file.read_text() != old_key
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert [path.name for path in key_file.parent.iterdir()] == ["master.key"]
    after = open_another()
    kept = after.vault.load(admin.id)
    assert kept is not None
    assert kept.to_bytes() == template.to_bytes()
    assert after.recovery_codes.use(admin.id, codes[0])
    assert after.login_codes.redeem(admin.id, login_code)
    clock.advance(30)
    assert after.authenticator_apps.use(admin.id, _code(secret, clock)) is CodeOutcome.RIGHT
    assert after.audit.list_events(tags=(Tag.KEYS_ROTATED,))
    with pytest.raises(ConfigurationError, match="not the one"):
        open_another(master_key=old_key.strip())


def test_the_key_may_be_replaced_again_and_again(
    settings: Settings, clock: ManualClock, identity: Identity, admin: User, open_another: Open
) -> None:
    codes = identity.recovery_codes.make(admin.id)
    for _ in range(3):
        rotate_keys(settings, clock=clock)
    assert open_another().recovery_codes.use(admin.id, codes[1])


def test_a_rotation_that_is_cut_off_after_the_database_took_the_key_is_finished_by_a_start(
    settings: Settings,
    clock: ManualClock,
    identity: Identity,
    admin: User,
    template: Template,
    open_another: Open,
    key_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    identity.vault.store(admin.id, template, actor=None)
    old_key, moves = key_file.read_text(), key_rotation._move

    def cut_off(source: Path, target: Path) -> None:
        if target == key_file:
            raise KeyboardInterrupt
        moves(source, target)

    monkeypatch.setattr(key_rotation, "_move", cut_off)
    with pytest.raises(KeyboardInterrupt):
        rotate_keys(settings, clock=clock)
    assert key_file.read_text() == old_key
    assert next_key_path(key_file).exists()

    assert open_another().vault.load(admin.id) is not None
    assert key_file.read_text() != old_key
    assert not next_key_path(key_file).exists()


def test_a_rotation_that_is_cut_off_before_leaves_the_old_key_in_force(
    settings: Settings,
    clock: ManualClock,
    identity: Identity,
    admin: User,
    template: Template,
    open_another: Open,
    key_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    identity.vault.store(admin.id, template, actor=None)
    old_key = key_file.read_text()

    def fails(*_: object, **__: object) -> None:
        raise StorageError("The database is full.")

    monkeypatch.setattr(key_rotation, "note", fails)
    with pytest.raises(StorageError):
        rotate_keys(settings, clock=clock)
    monkeypatch.undo()
    assert key_file.read_text() == old_key
    assert open_another().vault.load(admin.id) is not None
    assert rotate_keys(settings, clock=clock).templates == 1  # what was left is in nobody's way


def test_a_server_that_runs_on_with_the_old_key_writes_nothing_that_nobody_can_read(
    settings: Settings, clock: ManualClock, identity: Identity, admin: User, template: Template
) -> None:
    rotate_keys(settings, clock=clock)
    with pytest.raises(StorageError, match="replaced"):
        identity.vault.store(admin.id, template, actor=None)
    with pytest.raises(StorageError, match="replaced"):
        identity.authenticator_apps.begin(admin.id)


def test_a_template_that_cannot_be_read_is_counted_and_left(
    settings: Settings,
    clock: ManualClock,
    identity: Identity,
    admin: User,
    template: Template,
    database_url: str,
    open_another: Open,
) -> None:
    other = add_viewer(identity, "ben")
    for user in (admin, other):
        identity.vault.store(user.id, template, actor=None)
    execute(database_url, "UPDATE template_keys SET nonce = :n WHERE user_id = :u",
            n=bytes(12), u=other.id)  # fmt: skip
    done = rotate_keys(settings, clock=clock)
    assert (done.templates, done.unreadable) == (1, 1)
    assert open_another().vault.load(admin.id) is not None


def test_a_key_of_the_settings_needs_a_file_for_the_new_one(
    settings: Settings, clock: ManualClock, open_another: Open, tmp_path: Path
) -> None:
    configured = replace(settings, master_key="0f" * 32)
    open_another(master_key="0f" * 32)
    with pytest.raises(ConfigurationError, match="comes from the settings"):
        rotate_keys(configured, clock=clock)
    new_key = tmp_path / "next" / "key"
    rotate_keys(configured, clock=clock, new_key_file=new_key)
    open_another(master_key=new_key.read_text().strip())
    with pytest.raises(ConfigurationError, match="not the one"):
        open_another(master_key="0f" * 32)


def test_the_present_key_is_no_new_one(
    settings: Settings, clock: ManualClock, identity: Identity, key_file: Path, tmp_path: Path
) -> None:
    given = tmp_path / "same.key"
    given.write_text(key_file.read_text())
    with pytest.raises(ConfigurationError, match="present master key"):
        rotate_keys(settings, clock=clock, new_key_file=given)


def test_an_altered_carried_key_stops_the_start(
    settings: Settings,
    clock: ManualClock,
    identity: Identity,
    database_url: str,
    open_another: Open,
) -> None:
    rotate_keys(settings, clock=clock)
    name = "carried-key:recovery_codes"
    execute(database_url, "UPDATE installation SET value = :v WHERE name = :n", v="00" * 60, n=name)
    with pytest.raises(ConfigurationError, match="recovery_codes has been altered"):
        open_another()


def _code(secret: str, clock: ManualClock) -> str:
    return pyotp.TOTP(secret).at(int(clock.now().timestamp()))
