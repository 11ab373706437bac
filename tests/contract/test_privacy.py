"""Consent, what people may see of their data, and what is left after they go: nothing."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pyotp
import pytest

from countenance.biometrics.templates import Template
from countenance.clock import ManualClock
from countenance.db import Base
from countenance.events import Tag
from countenance.identity.api_scopes import Scope
from countenance.identity.audit import acting_as
from countenance.identity.errors import UserNotFoundError
from countenance.identity.interfaces import User, UserId
from countenance.identity.personal_data import WITHHELD, belongs_to
from countenance.identity.services import Identity
from tests.contract.support import PASSWORD, add_viewer, all_rows

TEXT = "ab" * 32
NOBODY = UserId("00000000-0000-4000-8000-000000000000")

NAME_NOBODY = {"installation", "throttle_levels", "throttle_tallies"}
"""Tables that name no user: facts of the installation, counts under keyed names."""


def agree(identity: Identity, user: User, *, actor: User | None = None, text: str = TEXT) -> None:
    identity.consents.give(user.id, text_sha256=text, actor=actor and actor.id, address="192.0.2.7")


def test_a_consent_holds_for_its_words_until_the_face_is_erased(
    identity: Identity, admin: User, template: Template, clock: ManualClock
) -> None:
    assert identity.consents.find(admin.id, text_sha256=TEXT) is None
    agree(identity, admin)
    found = identity.consents.find(admin.id, text_sha256=TEXT)
    assert found is not None
    assert (found.actor_id, found.given_at) == (None, clock.now())
    assert identity.consents.find(admin.id, text_sha256="cd" * 32) is None  # other words ask again
    identity.vault.store(admin.id, template, actor=None)
    identity.vault.erase(admin.id, actor=admin.id)
    assert identity.consents.find(admin.id, text_sha256=TEXT) is None
    tags = [event.tag for event in identity.audit.list_events(subject_id=admin.id)]
    assert tags.count(Tag.CONSENT_GIVEN) == tags.count(Tag.CONSENT_WITHDRAWN) == 1


def test_who_wrote_a_consent_down_is_kept(identity: Identity, admin: User) -> None:
    grace = add_viewer(identity, "grace")
    agree(identity, grace, actor=admin)
    found = identity.consents.find(grace.id, text_sha256=TEXT)
    assert found is not None
    assert found.actor_id == admin.id
    event = identity.audit.list_events(subject_id=grace.id, tags=(Tag.CONSENT_GIVEN,))[0]
    assert (event.actor_id, event.address) == (admin.id, "192.0.2.7")


def test_what_the_own_tokens_did_belongs_to_whoever_made_them(
    identity: Identity, admin: User
) -> None:
    token, text = identity.api_tokens.make(
        name="Import", scopes=[Scope.USERS_WRITE], days=1, maker=admin.id
    )
    with acting_as(token):
        grace = add_viewer(identity, "grace", actor=admin)
    held = identity.personal_data.export(admin.id, actor=None)["records"]
    added = [row for row in held["audit"] if row["tag"] == Tag.USER_ADDED]
    assert grace.id in [row["subject_id"] for row in added]
    (row,) = held["api_tokens"]
    assert (row["name"], row["secret_hash"]) == ("Import", WITHHELD)
    assert text not in json.dumps(held)
    assert identity.personal_data.export(grace.id, actor=None)["records"]["api_tokens"] == []


def test_nobody_agrees_for_somebody_who_is_not_there(identity: Identity) -> None:
    with pytest.raises(UserNotFoundError):
        identity.consents.give(NOBODY, text_sha256=TEXT, actor=None, address="")


def test_an_export_holds_the_face_and_every_row_that_names_the_person_but_no_secret(
    identity: Identity, admin: User, template: Template, clock: ManualClock, database_url: str
) -> None:
    grace = add_viewer(identity, "grace", display_name="Grace Hopper", actor=admin)
    identity.vault.store(grace.id, template, actor=admin.id)
    agree(identity, grace)
    identity.sessions.begin(grace.id, methods=("pwd",), address="192.0.2.7")
    codes = identity.recovery_codes.make(grace.id)
    secret = identity.authenticator_apps.begin(grace.id)

    held = json.loads(json.dumps(identity.personal_data.export(grace.id, actor=grace.id)))

    assert held["face"]["samples"] == template.samples.tolist()
    records = held["records"]
    assert records["users"][0]["display_name"] == "Grace Hopper"
    assert records["users"][0]["password_hash"] == WITHHELD
    assert records["consents"][0]["text_sha256"] == TEXT
    assert records["sessions"][0]["address"] == "192.0.2.7"
    assert {row["tag"] for row in records["audit"]} >= {"user:account:added", "user:face:enrolled"}
    text = json.dumps(held)
    for hidden in (*codes, secret, "Ada Lovelace"):
        assert hidden not in text
    for table, row in all_rows(database_url):
        if table == "users" and "grace" not in row:
            continue
        if str(grace.id) in row:
            assert records[table], f"{table} names her and is not in the export"
    assert identity.audit.list_events(subject_id=grace.id, tags=(Tag.DATA_EXPORTED,))


def test_every_table_either_names_a_user_or_is_known_not_to() -> None:
    """A table that comes later has to be thought of."""
    for table in Base.metadata.tables.values():
        belongs = belongs_to(table, NOBODY) is not None
        assert belongs != (table.name in NAME_NOBODY), table.name


def test_a_person_without_a_face_gets_an_export_too(identity: Identity, admin: User) -> None:
    assert identity.personal_data.export(admin.id, actor=None)["face"] is None
    with pytest.raises(UserNotFoundError):
        identity.personal_data.export(NOBODY, actor=None)


def test_nothing_of_a_removed_person_is_left_in_database_files_or_logs(
    identity: Identity,
    admin: User,
    template: Template,
    clock: ManualClock,
    database_url: str,
    tmp_path: Path,
    open_another: Callable[..., Identity],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Searches the bytes; what stays of a person is a random id in the trail."""
    caplog.set_level(logging.DEBUG)
    grace = add_viewer(identity, "zz-grace", display_name="Qq Unmistakable", actor=admin)
    identity.vault.store(grace.id, template, actor=admin.id)
    agree(identity, grace)
    secret = identity.authenticator_apps.begin(grace.id)
    code = pyotp.TOTP(secret).at(int(clock.now().timestamp()))
    assert identity.authenticator_apps.confirm(grace.id, code)
    codes = identity.recovery_codes.make(grace.id)
    identity.devices.remember(None, grace.id, label="Qq-Browser", address="192.0.2.77")
    token = identity.sessions.begin(grace.id, methods=("pwd",), address="192.0.2.77")
    identity.passwords.verify(name="zz-grace", password=PASSWORD)
    identity.personal_data.export(grace.id, actor=grace.id)

    identity.users.remove(grace.id, actor=admin.id)

    rows = " ".join(row for _, row in all_rows(database_url))
    identity.close()
    files = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    log = caplog.text
    for text in ("zz-grace", "Unmistakable", secret, token, *codes):
        assert text not in rows, text
        assert text.encode() not in files, text
        assert text not in log, text
    for values in (template.to_bytes(), template.samples[0].tobytes()):
        assert values[:64] not in files
    mentions = [row for table, row in _rows(database_url) if str(grace.id) in row]
    assert {table for table, row in _rows(database_url) if str(grace.id) in row} <= {
        "audit",
        "template_changes",
    }, mentions


def _rows(database_url: str) -> list[tuple[str, str]]:
    return all_rows(database_url)
