"""Passwords and login codes: what holds on every database."""

from __future__ import annotations

import argon2
import pytest

from countenance.clock import ManualClock
from countenance.events import Tag
from countenance.identity.errors import WeakPasswordError
from countenance.identity.interfaces import Purpose, User, UserId
from countenance.identity.services import Identity, open_identity
from countenance.settings import LoginSettings, Settings
from tests.contract.support import PASSWORD, add_viewer, all_rows, outcomes

CODE_LIFETIME_S = LoginSettings().code_lifetime_s


def test_only_the_right_password_of_the_right_name_verifies(
    identity: Identity, admin: User
) -> None:
    verify = identity.passwords.verify
    assert verify(name="ada", password=PASSWORD) == admin
    assert verify(name=" ADA ", password=PASSWORD) == admin
    assert verify(name="ada", password=PASSWORD + " ") is None
    assert verify(name="ada", password="") is None
    assert verify(name="bob", password=PASSWORD) is None
    assert verify(name="not a name!", password=PASSWORD) is None
    assert verify(name="ada", password="x" * 100_000) is None
    assert verify(name="ada", password="\0\ud800") is None


def test_a_password_is_the_same_on_keyboards_that_compose_differently(
    identity: Identity, admin: User
) -> None:
    identity.passwords.change(admin.id, password="Zoe\u0308s dampfschiff")
    assert identity.passwords.verify(name="ada", password="Zoës dampfschiff") is not None


def test_a_password_longer_than_permitted_never_verifies_by_its_beginning(
    identity: Identity, admin: User
) -> None:
    longest = "0123456789abcdef" * 16
    identity.passwords.change(admin.id, password=longest)
    assert identity.passwords.verify(name="ada", password=longest) is not None
    assert identity.passwords.verify(name="ada", password=longest + "x") is None


def test_confirming_takes_the_own_password_only(identity: Identity, admin: User) -> None:
    bob = add_viewer(identity, "bob", actor=admin)
    identity.passwords.change(bob.id, password="only for robert")
    assert identity.passwords.verify_for(bob.id, password="only for robert")
    assert not identity.passwords.verify_for(bob.id, password=PASSWORD)
    assert not identity.passwords.verify_for(UserId("nobody"), password=PASSWORD)
    identity.users.set_enabled(bob.id, enabled=False, actor=None)
    assert not identity.passwords.verify_for(bob.id, password="only for robert")


def test_a_change_ends_no_session_and_clears_the_demand(identity: Identity, admin: User) -> None:
    bob = add_viewer(identity, "bob", actor=admin)
    assert bob.must_change_password
    token = identity.sessions.begin(bob.id, methods=("pwd",), address="")
    identity.passwords.change(bob.id, password="of my own choice")
    session = identity.sessions.find(token)
    assert session is not None
    assert not session.user.must_change_password
    assert identity.passwords.verify(name="bob", password=PASSWORD) is None


def test_a_refused_change_leaves_the_password(identity: Identity, admin: User) -> None:
    for weak in ("short", "password123", "ada", "ada12345", "x" * 257):
        with pytest.raises(WeakPasswordError):
            identity.passwords.change(admin.id, password=weak)
    assert identity.passwords.verify(name="ada", password=PASSWORD) is not None


@pytest.mark.usefixtures("admin")
def test_a_hash_of_old_cost_is_renewed_at_login(
    settings: Settings, clock: ManualClock, database_url: str
) -> None:
    dearer = argon2.PasswordHasher(time_cost=2, memory_cost=64, parallelism=1)
    later = open_identity(settings, clock=clock, argon2=dearer)
    assert later.passwords.verify(name="ada", password="wrong wrong") is None
    assert not any("t=2" in row for _, row in all_rows(database_url))
    assert later.passwords.verify(name="ada", password=PASSWORD) is not None
    assert any("t=2" in row for table, row in all_rows(database_url) if table == "users")
    assert later.passwords.verify(name="ada", password=PASSWORD) is not None
    later.close()


def test_a_code_is_good_once_however_it_is_typed(identity: Identity, admin: User) -> None:
    code = identity.login_codes.issue(admin.id, actor=None)
    assert len(code) == 11
    assert code[5] == "-"
    assert identity.login_codes.redeem(admin.id, f" {code.lower().replace('-', ' ')} ")
    assert not identity.login_codes.redeem(admin.id, code)


def test_of_redemptions_that_race_one_wins(identity: Identity, admin: User) -> None:
    code = identity.login_codes.issue(admin.id, actor=None)
    done, _ = outcomes(
        lambda text: identity.login_codes.redeem(admin.id, text), [code] * 4, error=LookupError
    )
    assert sorted(done) == [False, False, False, True]


def test_a_code_is_of_one_user(identity: Identity, admin: User) -> None:
    bob = add_viewer(identity, "bob", actor=admin)
    identity.login_codes.issue(bob.id, actor=None)
    code = identity.login_codes.issue(admin.id, actor=None)
    assert not identity.login_codes.redeem(bob.id, code)
    assert not identity.login_codes.redeem(UserId("nobody"), code)
    assert identity.login_codes.redeem(admin.id, code)


def test_a_code_expires(identity: Identity, admin: User, clock: ManualClock) -> None:
    code = identity.login_codes.issue(admin.id, actor=None)
    clock.advance(CODE_LIFETIME_S)
    assert not identity.login_codes.redeem(admin.id, code)


def test_a_later_code_lapses_the_earlier_one(identity: Identity, admin: User) -> None:
    first = identity.login_codes.issue(admin.id, actor=None)
    second = identity.login_codes.issue(admin.id, actor=None)
    assert not identity.login_codes.redeem(admin.id, first)
    assert identity.login_codes.redeem(admin.id, second)


def test_five_wrong_tries_lapse_a_code(identity: Identity, admin: User) -> None:
    code = identity.login_codes.issue(admin.id, actor=None)
    for _ in range(4):
        assert not identity.login_codes.redeem(admin.id, "AAAAA-AAAAA")
    assert not identity.login_codes.redeem(admin.id, "")
    assert not identity.login_codes.redeem(admin.id, code)


def test_four_wrong_tries_do_not(identity: Identity, admin: User) -> None:
    code = identity.login_codes.issue(admin.id, actor=None)
    for _ in range(4):
        assert not identity.login_codes.redeem(admin.id, "AAAAA-AAAAA")
    assert identity.login_codes.redeem(admin.id, code)


def test_wrong_tries_that_race_are_all_counted(identity: Identity, admin: User) -> None:
    code = identity.login_codes.issue(admin.id, actor=None)
    done, _ = outcomes(
        lambda text: identity.login_codes.redeem(admin.id, text), ["wrong"] * 5, error=LookupError
    )
    assert not any(done)
    assert not identity.login_codes.redeem(admin.id, code)


def test_codes_leave_their_tags_with_the_reason(
    identity: Identity, admin: User, clock: ManualClock
) -> None:
    identity.login_codes.redeem(admin.id, "none")
    code = identity.login_codes.issue(admin.id, actor=None)
    identity.login_codes.redeem(admin.id, "wrong")
    identity.login_codes.redeem(admin.id, code)
    code = identity.login_codes.issue(admin.id, actor=admin.id)
    clock.advance(CODE_LIFETIME_S)
    identity.login_codes.redeem(admin.id, code)
    tags = (Tag.LOGIN_CODE_ISSUED, Tag.LOGIN_CODE_USED, Tag.LOGIN_CODE_REFUSED)
    events = identity.audit.list_events(subject_id=admin.id, tags=tags)
    assert [(e.tag, e.details.get("reason")) for e in reversed(events)] == [
        (Tag.LOGIN_CODE_REFUSED, "none"),
        (Tag.LOGIN_CODE_ISSUED, None),
        (Tag.LOGIN_CODE_REFUSED, "wrong"),
        (Tag.LOGIN_CODE_USED, None),
        (Tag.LOGIN_CODE_ISSUED, None),
        (Tag.LOGIN_CODE_REFUSED, "expired"),
    ]


def test_housekeeping_drops_expired_codes(
    identity: Identity, admin: User, clock: ManualClock
) -> None:
    identity.login_codes.issue(admin.id, actor=None)
    assert identity.purge_expired().login_codes == 0
    clock.advance(CODE_LIFETIME_S)
    assert identity.purge_expired().login_codes == 1


def test_secrets_are_nowhere_in_clear(identity: Identity, admin: User, database_url: str) -> None:
    bob = add_viewer(identity, "bob", actor=admin)
    pending = identity.transactions.begin(
        Purpose.LOGIN, user_id=admin.id, actor_id=None, address=""
    )
    secrets = {
        "password": PASSWORD,
        "invitation": identity.invitations.reset(bob.id, actor=admin.id),
        "session token": identity.sessions.begin(admin.id, methods=("pwd",), address=""),
        "pending token": pending,
        "ticket": identity.transactions.issue_ticket(pending),
        "code": identity.login_codes.issue(admin.id, actor=None),
    }
    rows = "\n".join(row for _, row in all_rows(database_url))
    for kind, secret in secrets.items():
        assert secret
        assert secret not in rows, kind
        assert secret.replace("-", "") not in rows.replace("-", ""), kind
